/** The lowest and the highest value that so many bits hold. */
export function rangeOf(bits: number, isSigned: boolean): readonly [number, number] {
  return isSigned ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
}

/** A sample without what lies in the bits above its own, its sign carried into them (PS3.5 §8.1.1). */
export function sampleOf(word: number, bits: number, isSigned: boolean): number {
  const above = 32 - bits;
  return isSigned ? (word << above) >> above : (word << above) >>> above;
}
