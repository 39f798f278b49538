import { Button, Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Icon } from "../parts/Icon";
import { useImageWords } from "./layers/imageWords";

const KEYS = [
  { keys: ["↑", "↓", "←", "→"], does: "scroll" },
  { keys: ["Page Up", "Page Down"], does: "scrollTen" },
  { keys: ["Home", "End"], does: "ends" },
  { keys: ["W", "S", "P", "Z", "L"], does: "tools" },
  { keys: ["1", "–", "9"], does: "presets" },
  { keys: ["D"], does: "defaultWindow" },
  { keys: ["I"], does: "invert" },
  { keys: ["+", "−"], does: "zoom" },
  { keys: ["Shift", "↑ ↓ ← →"], does: "pan" },
  { keys: ["R", "H", "V"], does: "turn" },
  { keys: ["F", "0"], does: "fit" },
  { keys: ["M"], does: "place" },
  { keys: ["Alt", "↑ ↓ ← →"], does: "moveEnd" },
  { keys: ["Alt", "Shift", "↑ ↓ ← →"], does: "moveStart" },
  { keys: ["Delete"], does: "remove" },
  { keys: ["G"], does: "layout" },
  { keys: ["Space"], does: "cine" },
  { keys: ["T"], does: "report" },
] as const;
/** Keys whose words come with the page of images. */
const VIEW_KEYS = [
  { keys: ["O"], does: "layers" },
  { keys: ["X"], does: "values" },
  { keys: ["Ctrl", "↑ ↓ ← →"], does: "moveValue" },
  { keys: ["B"], does: "scale" },
] as const;

/** Every key, listed. */
export function HelpDialog({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }): React.JSX.Element {
  const { t } = useTranslation();
  const words = useImageWords();
  const all = [...KEYS.map(({ keys, does }) => ({ keys, does: t(`keys.${does}`) })), ...VIEW_KEYS.map(({ keys, does }) => ({ keys, does: words.keys[does] }))];
  return (
    <ModalOverlay className="modal-overlay" isOpen={open} onOpenChange={(next) => !next && onClose()} isDismissable>
      <Modal className="modal">
        <Dialog className="dialog">
          <Heading slot="title">{t("keys.title")}</Heading>
          <p className="muted">{t("keys.where")}</p>
          <dl className="keys">
            {all.map(({ keys, does }) => (
              <div key={does}>
                <dt>
                  {keys.map((key) => (
                    <kbd key={key}>{key === "Space" ? t("keys.space") : key}</kbd>
                  ))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
          <p className="muted">{t("keys.mouse")}</p>
          <Button slot="close" className="button">
            <Icon name="close" size={14} /> {t("common.close")}
          </Button>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
