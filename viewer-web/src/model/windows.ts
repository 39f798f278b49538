import type { Window } from "./displaySet";

/** A window that readers know by name. The name is a key of the catalogues. */
export interface WindowPreset extends Window {
  readonly name: "softTissue" | "lung" | "bone" | "brain" | "subdural" | "stroke" | "liver" | "mediastinum" | "angio";
}

const CT: readonly WindowPreset[] = [
  { name: "softTissue", width: 400, center: 40 },
  { name: "lung", width: 1500, center: -600 },
  { name: "bone", width: 2000, center: 500 },
  { name: "brain", width: 80, center: 40 },
  { name: "subdural", width: 200, center: 75 },
  { name: "stroke", width: 40, center: 40 },
  { name: "liver", width: 150, center: 90 },
  { name: "mediastinum", width: 350, center: 50 },
  { name: "angio", width: 600, center: 300 },
];

/** The presets of a modality. Only computed tomography has values with a meaning across scanners. */
export function presetsFor(modality: string): readonly WindowPreset[] {
  return modality === "CT" ? CT : [];
}
