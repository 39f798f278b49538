/**
 * Uses every method of the npm package dicomweb-client under Node, against the empty service at DICOMWEB: `PACKAGE` is the package's
 * folder, `FILES` the folder of pydicom's test files.
 *
 * What comes back is held against what was stored. The package speaks through XMLHttpRequest, which happy-dom has.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import dicomParser from "dicom-parser";
import { Window } from "happy-dom";

const EXPLICIT = "1.2.840.10008.1.2.1";
const { DICOMWEB, PACKAGE, FILES } = process.env;
const window = new Window({ url: DICOMWEB });
globalThis.XMLHttpRequest = window.XMLHttpRequest;

console.debug = () => {}; // it repeats each address
const { api } = createRequire(import.meta.url)(join(PACKAGE, "build/dicomweb-client.js"));
const client = new api.DICOMwebClient({ url: DICOMWEB, verbose: false });
const counts = { stored: 0, instances: 0, "bulk values": 0, frames: 0, pictures: 0 };

/** One of each kind of object, with the media type of its stored frames where they are compressed. */
const STORED = [
  ["CT_small.dcm"],
  ["MR_small.dcm"],
  ["examples_rgb_color.dcm"],
  ["examples_palette.dcm"],
  ["examples_ybr_color.dcm", "image/jpeg", "1.2.840.10008.1.2.4.50"],
  ["examples_jpeg2k.dcm", "image/jp2", "1.2.840.10008.1.2.4.90"],
  ["JPEG2000.dcm", "image/jp2", "1.2.840.10008.1.2.4.91"],
  ["SC_rgb_jpeg_gdcm.dcm", "image/jpeg", "1.2.840.10008.1.2.4.70"],
  ["rtdose.dcm"],
  ["reportsi.dcm"],
  ["test-SR.dcm"],
  ["waveform_ecg.dcm"],
];

const first = (row, tag) => row[tag]?.Value?.[0];
const same = (given, expected, what) => assert.ok(Buffer.from(given).equals(Buffer.from(expected)), `${what}: the bytes`);

/** A file, its address, and what its header says of its pixels. */
async function load([name, mediaType, transferSyntaxUID]) {
  const bytes = new Uint8Array(await readFile(join(FILES, name)));
  const dataSet = dicomParser.parseDicom(bytes);
  return {
    name,
    bytes,
    mediaType,
    transferSyntaxUID,
    syntax: dataSet.string("x00020010"),
    frames: dataSet.elements.x7fe00010 === undefined ? 0 : (dataSet.intString("x00280008") ?? 1),
    pixels: dataSet.elements.x7fe00010,
    address: { studyInstanceUID: dataSet.string("x0020000d"), seriesInstanceUID: dataSet.string("x0020000e"), sopInstanceUID: dataSet.string("x00080018") },
  };
}

async function store(files) {
  const buffers = files.map(({ bytes }) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  await client.storeInstances({ datasets: buffers.slice(0, 1), studyInstanceUID: files[0].address.studyInstanceUID });
  const answer = JSON.parse(await client.storeInstances({ datasets: buffers }));
  assert.equal(answer["00081198"], undefined, "nothing failed");
  assert.equal(answer["00081199"].Value.length, files.length);
  counts.stored += files.length;
}

async function search(files) {
  const studies = new Set(files.map(({ address }) => address.studyInstanceUID));
  const all = await client.searchForStudies({ queryParams: { limit: 50 } });
  assert.deepEqual(new Set(all.map((row) => first(row, "0020000D"))), studies);
  assert.deepEqual(await client.searchForStudies({ queryParams: { StudyInstanceUID: "1.2.3" } }), []);
  const series = await client.searchForSeries({ queryParams: { Modality: "CT", includefield: "SeriesDescription" } });
  assert.ok(series.length > 0 && series.every((row) => first(row, "00080060") === "CT"));
  for (const { address } of files) {
    const { studyInstanceUID, seriesInstanceUID, sopInstanceUID } = address;
    const within = await client.searchForSeries({ studyInstanceUID });
    assert.ok(within.some((row) => first(row, "0020000E") === seriesInstanceUID));
    const instances = await client.searchForInstances({ studyInstanceUID, seriesInstanceUID, queryParams: { SOPInstanceUID: sopInstanceUID } });
    assert.deepEqual(instances.map((row) => first(row, "00080018")), [sopInstanceUID]);
  }
}

/** This client can't name a transfer syntax: what comes is as stored, and then the same bytes, or in the default syntax. */
async function retrieve({ name, bytes, address, syntax }) {
  const check = (given, what) => {
    const dataSet = dicomParser.parseDicom(new Uint8Array(given));
    assert.equal(dataSet.string("x00080018"), address.sopInstanceUID, what);
    if (dataSet.string("x00020010") === syntax) same(given, bytes, what);
    else assert.equal(dataSet.string("x00020010"), EXPLICIT, what);
  };
  check(await client.retrieveInstance(address), name);
  const series = await client.retrieveSeries(address);
  const study = await client.retrieveStudy(address);
  assert.ok(series.length > 0 && study.length >= series.length, `${name}: its study`);
  const own = series.filter((one) => dicomParser.parseDicom(new Uint8Array(one)).string("x00080018") === address.sopInstanceUID);
  assert.equal(own.length, 1, `${name}: its series`);
  check(own[0], `${name}: its series`);
  check(await (await fetch(client.buildInstanceWadoURIUrl(address))).arrayBuffer(), `${name}: by the URI service`);
  counts.instances += 1;
}

/** Every BulkDataURI of a header. */
function* bulkDataUris(dataSet) {
  for (const [tag, attribute] of Object.entries(dataSet)) {
    if (attribute.BulkDataURI !== undefined) yield [tag, attribute.BulkDataURI];
    if (attribute.vr === "SQ") for (const item of attribute.Value ?? []) yield* bulkDataUris(item);
  }
}

async function metadata({ name, address, mediaType }) {
  const header = await client.retrieveInstanceMetadata(address);
  const one = Array.isArray(header) ? header[0] : header;
  assert.equal(first(one, "00080018"), address.sopInstanceUID, name);
  assert.ok((await client.retrieveSeriesMetadata(address)).length > 0 && (await client.retrieveStudyMetadata(address)).length > 0);
  for (const [tag, uri] of bulkDataUris(one)) {
    const media = tag === "7FE00010" && mediaType !== undefined ? [{ mediaType: "image/*" }] : undefined;
    if (media !== undefined) continue; // compressed pixels are frames: see below
    const given = await client.retrieveBulkData({ BulkDataURI: new URL(uri, DICOMWEB).href });
    assert.ok(given.length === 1 && given[0].byteLength > 0, `${name}: ${tag}`);
    counts["bulk values"] += 1;
  }
}

async function frames({ name, bytes, address, mediaType, transferSyntaxUID, pixels, frames: number }) {
  const frameNumbers = [...new Set([1, number])];
  const native = await client.retrieveInstanceFrames({ ...address, frameNumbers });
  assert.equal(native.length, frameNumbers.length, name);
  if (mediaType === undefined) {
    same(native[0], bytes.subarray(pixels.dataOffset, pixels.dataOffset + native[0].byteLength), name);
  } else {
    const stored = await client.retrieveInstanceFrames({ ...address, frameNumbers, mediaTypes: [{ mediaType, transferSyntaxUID }] });
    assert.equal(stored.length, frameNumbers.length, name);
    const { position, length } = pixels.fragments[0];
    same(stored[0].slice(0, length), bytes.subarray(position, position + length), name);
  }
  counts.frames += frameNumbers.length;
}

async function pictures({ name, address }) {
  const jpeg = [{ mediaType: "image/jpeg" }];
  const given = [
    await client.retrieveInstanceRendered({ ...address, mediaTypes: jpeg, queryParams: { viewport: "64,64" } }),
    await client.retrieveInstanceThumbnail({ ...address, mediaTypes: jpeg }),
    await client.retrieveInstanceFramesRendered({ ...address, frameNumbers: [1], mediaTypes: jpeg }),
    await client.retrieveInstanceFramesThumbnail({ ...address, frameNumbers: [1], mediaTypes: jpeg }),
  ];
  for (const answer of given) {
    const picture = new Uint8Array(Array.isArray(answer) ? answer[0] : answer);
    assert.deepEqual([picture[0], picture[1]], [0xff, 0xd8], `${name}: a JPEG image`);
    counts.pictures += 1;
  }
}

const files = await Promise.all(STORED.map(load));
await store(files);
await search(files);
for (const file of files) {
  await retrieve(file);
  await metadata(file);
  if (file.frames > 0) {
    await frames(file);
    await pictures(file);
  }
}
await assert.rejects(client.retrieveInstance({ ...files[0].address, sopInstanceUID: "1.2.3" }), (error) => error.status === 404);
const { version } = createRequire(import.meta.url)(join(PACKAGE, "package.json"));
console.log(`peer: dicomweb-client ${version} (npm): ${Object.entries(counts).map(([what, n]) => `${n} ${what}`).join(", ")}`);
await window.happyDOM.close();
