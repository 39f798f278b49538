/** Synthetic pictures. Every one is computed; none comes from a person. */
import { deflateSync } from "node:zlib";

/** A body in cross section, in Hounsfield units: skin, fat, muscle, lungs, heart, spine, ribs. */
export function ctSlice(size, slice, count) {
  const pixels = new Int16Array(size * size);
  const along = slice / Math.max(1, count - 1);
  const lung = 0.75 + 0.25 * Math.sin(Math.PI * along);
  let seed = slice * 7919 + 1;
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const u = (x / size - 0.5) * 2;
      const v = (y / size - 0.5) * 2;
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      pixels[y * size + x] = tissue(u, v, lung, along) + ((seed >> 16) % 25) - 12;
    }
  }
  return Buffer.from(pixels.buffer);
}

function inside(u, v, cu, cv, ru, rv) {
  return ((u - cu) / ru) ** 2 + ((v - cv) / rv) ** 2 <= 1;
}

function tissue(u, v, lung, along) {
  if (v > 0.72 && v < 0.75 && Math.abs(u) < 0.8) return -100; // the table
  if (!inside(u, v, 0, 0, 0.86, 0.62)) return -1000;
  if (!inside(u, v, 0, 0, 0.8, 0.56)) return inside(u, v, 0, 0, 0.845, 0.605) ? -95 : 35;
  if (inside(u, v, 0, 0.42, 0.045, 0.045)) return 15; // canal
  if (inside(u, v, 0, 0.36, 0.12, 0.1)) return inside(u, v, 0, 0.36, 0.09, 0.075) ? 230 : 650;
  if (Math.abs(u) < 0.035 && v > 0.44 && v < 0.52) return 480;
  for (const side of [-1, 1]) {
    for (const at of [0.2, 0.9, 1.6, 2.3]) {
      const angle = at - 0.8 + along * 0.5;
      if (inside(u, v, side * 0.76 * Math.cos(angle), 0.52 * Math.sin(angle), 0.05, 0.03)) return 560;
    }
    if (inside(u, v, side * 0.41, 0, 0.29 * lung, 0.42 * lung)) {
      const vessel = Math.sin(u * 43 + along * 9) * Math.sin(v * 37 - along * 7);
      if (vessel > 0.93) return 30;
      if (side > 0 && inside(u, v, 0.45, -0.1, 0.045, 0.045) && along > 0.4 && along < 0.6) return 60; // a nodule to find
      return -860;
    }
  }
  if (inside(u, v, 0.1, -0.12, 0.24, 0.24)) return inside(u, v, 0.12, -0.1, 0.15, 0.15) ? 160 : 60;
  if (inside(u, v, 0.13, 0.2, 0.055, 0.055)) return 190; // aorta
  if (inside(u, v, 0, 0.12, 0.05, 0.04)) return -950; // trachea
  return 45;
}

/** A radiograph of a hand's worth of shapes, 12 bits, black is dense or not as asked. Noise makes it as hard to compress as real ones. */
export function radiograph(columns, rows, noise = 0) {
  let seed = 1;
  const grain = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return (seed / 2 ** 32 - 0.5) * noise;
  };
  const pixels = new Uint16Array(columns * rows);
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1) {
      const u = (x / columns - 0.5) * 2;
      const v = (y / rows - 0.5) * 2;
      let value = 3400 - 500 * Math.abs(u);
      if (inside(u, v, 0, 0.1, 0.92, 1.1)) value = 1500;
      for (const side of [-1, 1]) if (inside(u, v, side * 0.42, -0.05, 0.3, 0.62)) value = 2600 + 250 * Math.sin(v * 26 + side * u * 6);
      if (Math.abs(u) < 0.09) value = 900 + 120 * Math.sin(v * 40);
      if (inside(u, v, 0.14, 0.3, 0.3, 0.28)) value = 1050;
      pixels[y * columns + x] = Math.max(0, Math.min(4095, value + grain()));
    }
  }
  return Buffer.from(pixels.buffer);
}

/** One picture of a beating fan, as ultrasound shows it, 8 bits. */
export function ultrasound(columns, rows, frame, count) {
  const pixels = Buffer.alloc(columns * rows);
  const beat = 0.1 * Math.sin((2 * Math.PI * frame) / count);
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1) {
      const dx = x - columns / 2;
      const r = Math.hypot(dx, y) / rows;
      if (r > 0.96 || r < 0.06 || Math.abs(Math.atan2(dx, y)) > 0.75) continue;
      const speckle = 60 + 50 * Math.abs(Math.sin(x * 12.9898 + y * 78.233 + frame) * 43758.5453 % 1);
      const wall = Math.abs(Math.hypot(dx / columns / 0.22, (y / rows - 0.5) / (0.22 + beat)) - 1);
      pixels[y * columns + x] = wall < 0.12 ? 190 + speckle / 3 : Math.hypot(dx / columns / 0.22, (y / rows - 0.5) / (0.22 + beat)) < 1 ? 12 : speckle;
    }
  }
  return pixels;
}

/** Bars of a palette image: each pixel is an index. */
export function bars(columns, rows) {
  return Buffer.from(Uint8Array.from({ length: columns * rows }, (_, at) => Math.floor(((at % columns) / columns) * 256)));
}

/** An 8-bit grey PNG, for thumbnails. */
export function greyPng(columns, rows, valueAt) {
  const raw = Buffer.alloc((columns + 1) * rows);
  for (let y = 0; y < rows; y += 1) for (let x = 0; x < columns; x += 1) raw[y * (columns + 1) + 1 + x] = Math.max(0, Math.min(255, valueAt(x, y)));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(columns, 0);
  header.writeUInt32BE(rows, 4);
  header[8] = 8;
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", header), chunk("IDAT", deflateSync(raw)), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc(body), body.length + 4);
  return out;
}

/** The check sum of a PNG chunk. */
function crc(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return (value ^ 0xffffffff) >>> 0;
}
