import type { Frame } from "../../../model/displaySet";
import { useImageWords } from "./imageWords";
import type { FramePlanes } from "./usePlanes";

/** What is said of an image's own overlays and shutter: that they are there, or that they are not on the screen. */
export function LayerNotes({ frame, planes, isShown }: { readonly frame: Frame; readonly planes: FramePlanes; readonly isShown: boolean }): React.JSX.Element {
  const words = useImageWords();
  const { shutter, unreadableShutter, within } = frame.layers;
  const overlays = isShown || planes.status === "missing" ? planes.status : planes.status === "none" ? "none" : "hidden";
  return (
    <>
      {overlays === "none" ? null : (
        <span className={overlays === "shown" || overlays === "loading" ? "overlay-badge" : "overlay-badge overlay-lossy"} data-testid="overlay-planes" data-overlays={overlays}>
          {overlays === "missing" ? words.missingOverlays : words.overlays[overlays]}
        </span>
      )}
      {within ? <span className="overlay-badge">{words.within}</span> : null}
      {shutter === null ? null : <span className={isShown ? "overlay-badge" : "overlay-badge overlay-lossy"}>{words.shutter[isShown ? "shown" : "hidden"]}</span>}
      {unreadableShutter ? <span className="overlay-badge overlay-lossy">{words.missingShutter}</span> : null}
    </>
  );
}
