import { retrieveBulkdata, retrieveSeriesMetadata } from "../dicomweb/client";
import type { Http } from "../dicomweb/http";
import type { DisplaySet } from "../model/displaySet";
import type { Series } from "../model/study";
import { displaySetsOf } from "./displaySets";
import { withPalette } from "./palette";

/** Retrieves a series' metadata and makes it ready to be shown. */
export async function loadSeries(http: Http, series: Series, signal: AbortSignal): Promise<readonly DisplaySet[]> {
  const instances = await retrieveSeriesMetadata(http, series.studyInstanceUid, series.seriesInstanceUid, signal);
  const tables = new Map<string, Promise<Uint8Array>>(); // instances of a series often share one palette
  const retrieve = (address: string): Promise<Uint8Array> => {
    const known = tables.get(address) ?? retrieveBulkdata(http, address, signal);
    tables.set(address, known);
    return known;
  };
  return displaySetsOf(series, await Promise.all(instances.map((data) => withPalette(data, retrieve))));
}
