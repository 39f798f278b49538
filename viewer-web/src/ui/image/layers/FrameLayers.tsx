import { useEffect, useMemo, useRef } from "react";
import type { Frame } from "../../../model/displaySet";
import type { Shutter, ShutterShape } from "../../../model/layers";
import type { ViewportHandle } from "../../../rendering/engine";
import { paint, type Painted } from "./paint";
import { usePlacement } from "./usePlacement";
import type { FramePlanes } from "./usePlanes";

interface FrameLayersProps {
  readonly handle: ViewportHandle;
  readonly frame: Frame;
  readonly planes: FramePlanes;
}

/** What the image asks to have drawn over it, in pixels of the image, laid where the image lies: shutter, then overlays (PS3.4 §N.2). */
export function FrameLayers({ handle, frame, planes }: FrameLayersProps): React.JSX.Element | null {
  const placement = usePlacement(handle);
  const painted = useMemo(() => planes.drawn.flatMap((drawn) => paint(drawn) ?? []), [planes]);
  const { shutter } = frame.layers;
  if (placement === null || (shutter === null && painted.length === 0)) return null;
  const [columns, rows] = [sideOf(frame, "00280011"), sideOf(frame, "00280010")];
  return (
    <div className="layers" aria-hidden="true" data-testid="layers">
      <div className="layers-image" style={{ transform: `matrix(${placement.join(",")})` }}>
        {shutter === null ? null : <ShutterLayer shutter={shutter} columns={columns} rows={rows} />}
        {painted.map((it) => (
          <PlaneLayer key={it.group} painted={it} />
        ))}
      </div>
    </div>
  );
}

const sideOf = (frame: Frame, tag: string): number => Number(frame.data[tag]?.Value?.[0] ?? 0);

function PlaneLayer({ painted }: { readonly painted: Painted }): React.JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => canvas.current?.getContext("2d")?.putImageData(painted.image, 0, 0), [painted]);
  const { left, top, width, height, image } = painted;
  return <canvas ref={canvas} className="layers-plane" width={image.width} height={image.height} style={{ left, top, width, height }} />;
}

/** Each shape covers all of the image outside itself. */
function ShutterLayer({ shutter, columns, rows }: { readonly shutter: Shutter; readonly columns: number; readonly rows: number }): React.JSX.Element {
  const ink = `rgb(${shutter.level} ${shutter.level} ${shutter.level})`;
  const all = `M-1 -1H${columns + 1}V${rows + 1}H-1Z`;
  return (
    <svg className="layers-shutter" width={columns} height={rows} viewBox={`0 0 ${columns} ${rows}`}>
      {shutter.shapes.map((shape) => (
        <path key={pathOf(shape)} d={`${all}${pathOf(shape)}`} fill={ink} fillRule="evenodd" shapeRendering="crispEdges" />
      ))}
    </svg>
  );
}

/** The edge of a shape where a pixel is a square of 1 × 1 from its number to the next: the pixels on the edges are open. */
export function pathOf(shape: ShutterShape): string {
  if (shape.kind === "rectangle") return `M${shape.left} ${shape.upper}H${shape.right + 1}V${shape.lower + 1}H${shape.left}Z`;
  if (shape.kind === "circle") {
    const { x, y, radius } = shape;
    return `M${x + 0.5 - radius} ${y + 0.5}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0Z`;
  }
  return `M${shape.corners.map(([x, y]) => `${x + 0.5} ${y + 0.5}`).join("L")}Z`;
}
