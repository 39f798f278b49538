/** A direction in the patient: left, posterior and superior are positive (PS3.3 §C.7.6.2.1.1). */
export type Direction = readonly [number, number, number];

/** What lies towards each edge of a picture. */
export interface EdgeLetters {
  readonly left: string;
  readonly right: string;
  readonly top: string;
  readonly bottom: string;
}

const AXES = [
  { positive: "L", negative: "R" },
  { positive: "P", negative: "A" },
  { positive: "H", negative: "F" },
] as const;
const OPPOSITE: Readonly<Record<string, string>> = { L: "R", R: "L", P: "A", A: "P", H: "F", F: "H" };
/** A component below this is not named: about 18 degrees. */
const NEGLIGIBLE = 0.3;

/** The letters of a direction, the strongest component first, at most two. */
export function lettersOf(direction: Direction): string {
  return direction
    .map((component, axis) => ({ size: Math.abs(component), letter: component > 0 ? AXES[axis]?.positive : AXES[axis]?.negative }))
    .filter(({ size }) => size > NEGLIGIBLE)
    .toSorted((a, b) => b.size - a.size)
    .slice(0, 2)
    .map(({ letter }) => letter ?? "")
    .join("");
}

/** The letters of the other end. */
export function oppositeOf(letters: string): string {
  return Array.from(letters, (letter) => OPPOSITE[letter] ?? "").join("");
}

/** The edges of a picture from the directions of its right and of its lower edge. */
export function edgesInSpace(right: Direction, down: Direction): EdgeLetters {
  return { right: lettersOf(right), left: lettersOf(negate(right)), bottom: lettersOf(down), top: lettersOf(negate(down)) };
}

/** The edges of a picture without a place in space, from Patient Orientation (0020,0020): `right` and `down` in rows and columns. */
export function edgesOfProjection(right: Direction, down: Direction, orientation: readonly string[]): EdgeLetters | null {
  const [row, column] = orientation;
  if (row === undefined || column === undefined) return null;
  const named = ([x, y]: Direction): string => {
    const along = Math.abs(x) >= Math.abs(y) ? row : column;
    return (Math.abs(x) >= Math.abs(y) ? x : y) >= 0 ? along : oppositeOf(along);
  };
  return { right: named(right), left: oppositeOf(named(right)), bottom: named(down), top: oppositeOf(named(down)) };
}

function negate([x, y, z]: Direction): Direction {
  return [-x, -y, -z];
}
