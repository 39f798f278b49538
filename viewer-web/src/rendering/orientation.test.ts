import { expect, test } from "vitest";
import { edgesInSpace, edgesOfProjection, lettersOf, oppositeOf } from "./orientation";

test("an axial section has the patient's left on its right, and the back below", () => {
  expect(edgesInSpace([1, 0, 0], [0, 1, 0])).toEqual({ left: "R", right: "L", top: "A", bottom: "P" });
});

test("a tilted direction is named by its strongest parts", () => {
  expect(lettersOf([0.1, 0.8, -0.6])).toBe("PF");
  expect(oppositeOf("PF")).toBe("AH");
});

test("a radiograph takes its letters from its rows and columns, turned and flipped with it", () => {
  expect(edgesOfProjection([1, 0, 0], [0, 1, 0], ["L", "F"])).toEqual({ left: "R", right: "L", top: "H", bottom: "F" });
  expect(edgesOfProjection([-1, 0, 0], [0, 1, 0], ["L", "F"])).toMatchObject({ left: "L", right: "R" });
  expect(edgesOfProjection([0, -1, 0], [1, 0, 0], ["L", "F"])).toMatchObject({ right: "H", bottom: "L" });
  expect(edgesOfProjection([1, 0, 0], [0, 1, 0], [])).toBeNull();
});
