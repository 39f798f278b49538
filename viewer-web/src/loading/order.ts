/** The order in which a stack is fetched: the picture in view, the middle, the first, the last, then outward from the view. */
export function prefetchOrder(count: number, view: number): readonly number[] {
  const order = new Set<number>();
  const add = (index: number): void => {
    if (index >= 0 && index < count) order.add(index);
  };
  add(view);
  add(Math.floor(count / 2));
  add(0);
  add(count - 1);
  for (let step = 1; step < count; step += 1) {
    add(view + step);
    add(view - step);
  }
  return [...order];
}
