import { Button, Menu, MenuItem, MenuTrigger, Popover, ToggleButton, ToggleButtonGroup, Toolbar as AriaToolbar } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { presetsFor } from "../../model/windows";
import type { ToolName, ViewportHandle } from "../../rendering/engine";
import { Icon, type IconName } from "../parts/Icon";
import { ViewToggles } from "./layers/ViewToggles";
import { Tip } from "./Tip";
import { useViewport } from "./useEngine";

interface ToolbarProps {
  readonly handle: ViewportHandle | null;
  readonly tool: ToolName;
  readonly onTool: (tool: ToolName) => void;
  readonly count: 1 | 4;
  readonly onCount: (count: 1 | 4) => void;
  readonly playing: boolean;
  readonly onPlay: () => void;
  readonly reportOpen: boolean;
  readonly onReport: () => void;
  readonly onHelp: () => void;
}

const TOOLS: readonly { readonly tool: ToolName; readonly key: string }[] = [
  { tool: "window", key: "W" },
  { tool: "scroll", key: "S" },
  { tool: "pan", key: "P" },
  { tool: "zoom", key: "Z" },
  { tool: "length", key: "L" },
];

const ACTIONS: readonly { readonly name: IconName & ActionName; readonly key: string; readonly run: (handle: ViewportHandle) => void }[] = [
  { name: "invert", key: "I", run: (handle) => handle.invert() },
  { name: "rotate", key: "R", run: (handle) => handle.rotate() },
  { name: "flipHorizontal", key: "H", run: (handle) => handle.flip("horizontal") },
  { name: "flipVertical", key: "V", run: (handle) => handle.flip("vertical") },
  { name: "fit", key: "F", run: (handle) => handle.fit() },
  { name: "bin", key: "Delete", run: (handle) => handle.removeLengths() },
  { name: "reset", key: "0", run: (handle) => handle.reset() },
];
type ActionName = "invert" | "rotate" | "flipHorizontal" | "flipVertical" | "fit" | "bin" | "reset";

/** What can be done with the active picture; every button names its key. */
export function Toolbar(props: ToolbarProps): React.JSX.Element {
  const { t } = useTranslation();
  const { handle } = props;
  const { stack } = useViewport(handle);
  return (
    <AriaToolbar className="toolbar" aria-label={t("toolbar.label")}>
      <ToggleButtonGroup
        className="tool-group"
        aria-label={t("toolbar.tools")}
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[props.tool]}
        onSelectionChange={(keys) => {
          const chosen = TOOLS.find(({ tool }) => keys.has(tool));
          if (chosen !== undefined) props.onTool(chosen.tool);
        }}
      >
        {TOOLS.map(({ tool, key }) => (
          <Tip key={tool} text={`${t(`toolbar.${tool}`)} (${key})`}>
            <ToggleButton id={tool} className="tool" aria-label={t(`toolbar.${tool}`)}>
              <Icon name={tool} />
              <span className="tool-word">{t(`toolbar.${tool}`)}</span>
            </ToggleButton>
          </Tip>
        ))}
      </ToggleButtonGroup>
      <WindowMenu handle={handle} />
      <div className="tool-group">
        {ACTIONS.map(({ name, key, run }) => (
          <Tip key={name} text={`${t(`toolbar.${name}`)} (${key})`}>
            <Button className="tool" isDisabled={stack === null} aria-label={t(`toolbar.${name}`)} onPress={() => handle !== null && run(handle)}>
              <Icon name={name} />
            </Button>
          </Tip>
        ))}
      </div>
      <ViewToggles />
      <Tip text={`${t(props.playing ? "toolbar.pause" : "toolbar.play")} (${t("keys.space")})`}>
        <Button className="tool" isDisabled={(stack?.frames.length ?? 0) < 2} aria-label={t(props.playing ? "toolbar.pause" : "toolbar.play")} onPress={props.onPlay}>
          <Icon name={props.playing ? "pause" : "play"} />
        </Button>
      </Tip>
      <span className="grow" />
      <ToggleButtonGroup
        className="tool-group"
        aria-label={t("toolbar.layout")}
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[String(props.count)]}
        onSelectionChange={(keys) => props.onCount(keys.has("4") ? 4 : 1)}
      >
        <Tip text={`${t("toolbar.one")} (G)`}>
          <ToggleButton id="1" className="tool" aria-label={t("toolbar.one")}>
            <Icon name="one" />
          </ToggleButton>
        </Tip>
        <Tip text={`${t("toolbar.four")} (G)`}>
          <ToggleButton id="4" className="tool" aria-label={t("toolbar.four")}>
            <Icon name="four" />
          </ToggleButton>
        </Tip>
      </ToggleButtonGroup>
      <Tip text={`${t("toolbar.report")} (T)`}>
        <ToggleButton className="tool" isSelected={props.reportOpen} onChange={props.onReport} aria-label={t("toolbar.report")}>
          <Icon name="report" />
          <span className="tool-word">{t("toolbar.report")}</span>
        </ToggleButton>
      </Tip>
      <Tip text={`${t("toolbar.help")} (?)`}>
        <Button className="tool" aria-label={t("toolbar.help")} onPress={props.onHelp}>
          <Icon name="keyboard" />
        </Button>
      </Tip>
    </AriaToolbar>
  );
}

/** The windows of the picture: what the scanner recorded, then the usual ones of the modality. */
function WindowMenu({ handle }: { readonly handle: ViewportHandle | null }): React.JSX.Element {
  const { t } = useTranslation();
  const { stack, shown } = useViewport(handle);
  const recorded = (shown === null ? undefined : stack?.frames[shown])?.windows ?? [];
  const presets = presetsFor(stack?.series.modality ?? "");
  const choose = (key: string): void => {
    const [group, at] = key.split(":");
    const window = group === "recorded" ? recorded[Number(at)] : presets[Number(at)];
    if (key === "reset") handle?.resetWindow();
    else if (window !== undefined) handle?.setWindow(window);
  };
  return (
    <MenuTrigger>
      <Button className="tool" isDisabled={stack === null} aria-label={t("toolbar.presets")}>
        <span className="tool-word tool-word-always">{t("toolbar.presets")} ▾</span>
      </Button>
      <Popover className="popover" placement="bottom start">
        <Menu className="menu" aria-label={t("toolbar.presets")} onAction={(key) => choose(String(key))}>
          <MenuItem id="reset" className="menu-item" textValue={t("toolbar.defaultWindow")}>
            <span>{t("toolbar.defaultWindow")}</span>
            <kbd>D</kbd>
          </MenuItem>
          {recorded.map((window, at) => (
            <MenuItem key={`recorded:${window.width}:${window.center}`} id={`recorded:${at}`} className="menu-item" textValue={window.explanation ?? t("toolbar.recorded", { number: at + 1 })}>
              <span>{window.explanation ?? t("toolbar.recorded", { number: at + 1 })}</span>
              <span className="number faint">
                {window.width} / {window.center}
              </span>
            </MenuItem>
          ))}
          {presets.map((preset, at) => (
            <MenuItem key={preset.name} id={`preset:${at}`} className="menu-item" textValue={t(`presets.${preset.name}`)}>
              <span>{t(`presets.${preset.name}`)}</span>
              <span className="number faint">
                {preset.width} / {preset.center}
              </span>
              <kbd>{at + 1}</kbd>
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
