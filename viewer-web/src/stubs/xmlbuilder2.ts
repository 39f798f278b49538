/**
 * Stands in for xmlbuilder2, which the mesh reader of the rendering library imports and never needs here: it extends
 * Node's EventEmitter, and without this stub the built page dies while it starts.
 */
export function create(): never {
  throw new Error("XML meshes are not supported");
}
export default { create };
