/** Line drawings on a 24 × 24 grid. The words beside or behind them carry the meaning. */
const PATHS = {
  window: "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
  pan: "M12 3v18M3 12h18M12 3l-3 3M12 3l3 3M12 21l-3-3M12 21l3-3M3 12l3-3M3 12l3 3M21 12l-3-3M21 12l-3 3",
  zoom: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5 21 21M8 10.5h5M10.5 8v5",
  scroll: "M6 4h12M6 20h12M12 8v8M12 8l-2.5 2.5M12 8l2.5 2.5M12 16l-2.5-2.5M12 16l2.5-2.5",
  length: "M4 16 16 4l4 4L8 20zM8.5 11.5l2 2M11.5 8.5l2 2M14.5 5.5l2 2",
  invert: "M4 4h16v16H4zM4 20 20 4M8 8h4M14 16h4M16 14v4",
  rotate: "M20 12a8 8 0 1 1-2.6-5.9M20 3v5h-5",
  flipHorizontal: "M12 3v18M9 7 3 17h6zM15 7l6 10h-6z",
  flipVertical: "M3 12h18M7 9 17 3v6zM7 15l10 6v-6z",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  reset: "M4 12a8 8 0 1 0 2.6-5.9M4 3v5h5",
  one: "M4 5h16v14H4z",
  four: "M4 5h16v14H4zM12 5v14M4 12h16",
  play: "M7 4l13 8-13 8z",
  pause: "M8 5v14M16 5v14",
  report: "M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 15h7M9 18h5",
  keyboard: "M3 6h18v12H3zM6 10h1M10 10h1M14 10h1M18 10h0M6 14h1M9 14h6M18 14h0",
  back: "M15 5l-7 7 7 7",
  forward: "M9 5l7 7-7 7",
  close: "M5 5l14 14M19 5 5 19",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5 21 21",
  warning: "M12 3 22 20H2zM12 10v5M12 17.5v.5",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v6M12 7.5v.5",
  images: "M4 7h12v12H4zM8 7V4h12v12h-4",
  bin: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  check: "M4 12.5 9.5 18 20 6.5",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21c0-4.5 3.5-7 8-7s8 2.5 8 7",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { readonly name: IconName; readonly size?: number }): React.JSX.Element {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
