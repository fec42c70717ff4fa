// What the canvases have in common: as sharp as the screen, and in the colours of the page.

/** The canvas's context with its size in CSS pixels, empty. */
export function begin(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const [wide, high] = [width, height].map((size) => Math.round(size * devicePixelRatio));
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const context = canvas.getContext("2d");
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** The colour that things of this class have. */
export function colour(name) {
  const element = document.querySelector(`.${name}`);
  return getComputedStyle(element).color;
}
