import { prefetchOrder } from "./order";

/** Fetches what will be wanted next, a few at a time, fair between those who ask. */
export interface Prefetcher {
  /** Replaces what `owner` waits for: at most `limit` of `keys`, the one in view first. */
  readonly request: (owner: string, keys: readonly string[], view: number, limit: number) => void;
  /** Forgets what `owner` waits for; what is under way is let finish, as a neighbour may want it. */
  readonly cancel: (owner: string) => void;
}

/** A prefetcher over `load`, which must settle. A failure is not retried here: the reader who comes by sees it. */
export function createPrefetcher(load: (key: string) => Promise<unknown>, concurrency: number): Prefetcher {
  const queues = new Map<string, string[]>();
  let running = 0;

  const next = (): string | undefined => {
    for (const [owner, queue] of queues) {
      const key = queue.shift();
      queues.delete(owner); // to the end of the line
      if (queue.length > 0) queues.set(owner, queue);
      if (key !== undefined) return key;
    }
    return undefined;
  };

  const pump = (): void => {
    while (running < concurrency) {
      const key = next();
      if (key === undefined) return;
      running += 1;
      const done = (): void => {
        running -= 1;
        pump();
      };
      load(key).then(done, done);
    }
  };

  return {
    request: (owner, keys, view, limit) => {
      queues.delete(owner);
      const wanted = prefetchOrder(keys.length, view)
        .slice(0, limit)
        .flatMap((index) => keys[index] ?? []);
      if (wanted.length > 0) queues.set(owner, wanted);
      pump();
    },
    cancel: (owner) => {
      queues.delete(owner);
    },
  };
}
