import { addTool, Enums, LengthTool, PanTool, StackScrollTool, ToolGroupManager, WindowLevelTool, ZoomTool } from "@cornerstonejs/tools";
import type { ToolName } from "../rendering/engine";

const { MouseBindings } = Enums;

const TOOLS = { window: WindowLevelTool.toolName, pan: PanTool.toolName, zoom: ZoomTool.toolName, scroll: StackScrollTool.toolName, length: LengthTool.toolName } as const;

/** The gestures of a page: one on the primary button as chosen, pan on the middle one and zoom on the secondary one, always. */
export interface ToolGroup {
  readonly add: (viewport: string, renderingEngine: string) => void;
  readonly remove: (viewport: string, renderingEngine: string) => void;
  readonly choose: (tool: ToolName) => void;
}

/** The text beside a line: the image, and the line's ends in space. */
export type LineText = (imageId: string, points: readonly [number, number, number][]) => readonly string[];

/** Registers the tools; once a page. */
export function createToolGroup(lineText: LineText): ToolGroup {
  for (const tool of [WindowLevelTool, PanTool, ZoomTool, StackScrollTool, LengthTool]) addTool(tool);
  const group = ToolGroupManager.createToolGroup("dics");
  if (group === undefined) throw new Error("the tool group exists already");
  for (const name of Object.values(TOOLS)) group.addTool(name, name === TOOLS.length ? { getTextLines: linesFrom(lineText) } : {});

  const bind = (chosen: ToolName): void => {
    for (const [tool, name] of Object.entries(TOOLS)) {
      const bindings = [
        ...(tool === chosen ? [{ mouseButton: MouseBindings.Primary }] : []),
        ...(tool === "pan" ? [{ mouseButton: MouseBindings.Auxiliary }] : []),
        ...(tool === "zoom" ? [{ mouseButton: MouseBindings.Secondary }, { numTouchPoints: 2 }] : []),
      ];
      if (bindings.length > 0) group.setToolActive(name, { bindings });
    }
  };

  return {
    add: (viewport, renderingEngine) => group.addViewport(viewport, renderingEngine),
    remove: (viewport, renderingEngine) => group.removeViewports(renderingEngine, viewport),
    choose: (tool) => {
      for (const name of Object.values(TOOLS)) group.setToolPassive(name, { removeAllBindings: true });
      bind(tool);
    },
  };
}

/** The tool asks with its own data; a target names the image it was drawn on. */
function linesFrom(lineText: LineText): (data: { handles: { points: [number, number, number][] } }, targetId: string) => readonly string[] {
  return (data, targetId) => lineText(targetId.replace(/^imageId:/u, ""), data.handles.points);
}
