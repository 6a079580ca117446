// The film of a convolution, recorded again for another stride, padding or dilation, as film_conv.py records it.
// `data` holds the arrays, flat and by rows; a signal is an image of one row.
const LONGEST = 30, SINGLE = 150;  // as in sliding.py
const short = (x) => {
  const text = numberText(x, data.precision);
  if (text.includes("inf")) return text.replace("-", "−").replace("inf", "∞");
  const [head, exponent] = text.split("e");
  const brief = head.includes(".") ? strip(head) : head;
  return exponent === undefined ? (brief === "-0" ? "0" : brief) : `${brief}e${exponent}`;
};
const total = (values) => values.reduce((sum, v) => sum + v, 0);
const factor = (text) => /^[-−]/.test(text) ? `(${text})` : text;
const signed = (x) => /^[-−]/.test(short(x)) ? short(x) : `+${short(x)}`;
const rowsOf = (a, cols) => Array.from({ length: a.length / cols }, (_, r) => a.slice(r * cols, (r + 1) * cols));
const written = (a, b) => a.map((v, i) => `${factor(short(v))}×${factor(short(b[i]))}`).join(" + ");

function products(a, b, cols) {
  if (a.length > LONGEST)
    return `${written(a.slice(0, 3), b)} + … + ${written(a.slice(-1), b.slice(-1))} (${a.length} products)`;
  const others = rowsOf(b, cols);
  return rowsOf(a, cols).map((row, r) => written(row, others[r])).join("\n+ ");
}

const listed = (a, cols) =>
  a.length > LONGEST ? "" : `(${rowsOf(a, cols).map((row) => row.map(short).join(" ")).join("; ")})`;

function extent(values, beside = 0) {
  const most = values.reduce((largest, v) => Number.isFinite(v) ? Math.max(largest, Math.abs(v)) : largest, 0);
  return most > data.noise * beside ? most : beside;
}

// The sizes of a setting along the rows and along the columns: x with its padding, the span of the kernel, the output.
function sizes({ stride, padding, dilation }) {
  const padded = data.size.map((n, axis) => n + padding[axis][0] + padding[axis][1]);
  const reach = data.kernel.map((k, axis) => dilation[axis] * (k - 1) + 1);
  const out = padded.map((n, axis) => Math.floor((n - reach[axis]) / stride[axis]) + 1);
  return { padded, reach, out };
}

// The windows of a setting that fits.
function sliding(setting) {
  const { stride, padding, dilation } = setting, { padded, reach, out } = sizes(setting);
  const [top, left] = padding.map(([before]) => before);
  const [high, wide] = data.size;
  const inside = (cell) => {
    const row = Math.floor(cell / padded[1]) - top, col = cell % padded[1] - left;
    return row >= 0 && row < high && col >= 0 && col < wide;
  };
  const every = [...Array(padded[0] * padded[1]).keys()];
  const inner = every.filter(inside);
  const pad = (a) => {
    const whole = every.map(() => 0);
    inner.forEach((cell, i) => { whole[cell] = a[i]; });
    return whole;
  };
  const window = ([row, col]) => [...Array(data.kernel[0] * data.kernel[1]).keys()].map((k) =>
    (row * stride[0] + Math.floor(k / data.kernel[1]) * dilation[0]) * padded[1]
      + col * stride[1] + k % data.kernel[1] * dilation[1]);
  const places = [...Array(out[0] * out[1]).keys()].map((i) => [Math.floor(i / out[1]), i % out[1]]);
  const box = (outputs) => {
    const [[first, start], [last, end]] = [outputs[0], outputs.at(-1)];
    return [first * stride[0], start * stride[1], (last - first) * stride[0] + reach[0], (end - start) * stride[1] + reach[1]];
  };
  return { ...setting, padded, reach, out, every, inner, margin: every.filter((cell) => !inside(cell)), inside, pad, window,
    places, box };
}

// One number or tuple for both axes, as Python writes it; of a signal, that of its columns.
function uniform(v) {
  if (!Array.isArray(v)) return v;
  const parts = v.map(uniform);
  return parts.length > 1 && parts.every((p) => !Array.isArray(p) && p === parts[0]) ? parts[0] : parts;
}
const python = (v) => Array.isArray(v) ? `(${v.map(python).join(", ")}${v.length === 1 ? "," : ""})` : String(v);
const shapeOf = ([rows, cols]) => data.signal ? String(cols) : `${rows} × ${cols}`;

function words(how) {
  const usual = { stride: [1, 1], padding: [[0, 0], [0, 0]], dilation: [1, 1] };
  return Object.keys(usual).filter((name) => python(how[name]) !== python(usual[name]))
    .map((name) => `${name} ${python(uniform(data.signal ? how[name][1] : how[name]))}`).join(", ");
}

// Each frame takes one output, or whole rows if there are many.
function turns({ places, out: [rows, cols] }) {
  if (places.length <= SINGLE) return places.map((place) => [place]);
  const together = rows > 1 ? Math.ceil(rows / 100) * cols : Math.ceil(cols / 100);
  return Array.from({ length: Math.ceil(places.length / together) }, (_, k) => places.slice(k * together, (k + 1) * together));
}

const label = ([row, col]) => data.signal ? `[${col}]` : `[${row}, ${col}]`;
function span(outputs) {
  const [[top, left], [bottom, right]] = [outputs[0], outputs.at(-1)];
  if (data.signal) return `[${left}:${right + 1}]`;
  return top === bottom ? ` row ${top}` : ` rows ${top} to ${bottom}`;
}
const block = (outputs) => {
  const [[top, left], [bottom, right]] = [outputs[0], outputs.at(-1)];
  return [top, left, bottom - top + 1, right - left + 1];
};

// The panels, and the steps with what each puts, marks, notes and boxes.
function convolution(setting) {
  const how = sliding(setting), [x, w, b] = data.names, { flip, bias } = data, count = data.kernel[0] * data.kernel[1];
  const turned = (a) => flip ? [...a].reverse() : a;
  const weight = data.channels[0][1], slid = turned(weight), places = turned([...Array(count).keys()]);
  const image = how.pad(data.channels[0][0]), windows = how.places.map(how.window), cell = ([r, c]) => r * how.out[1] + c;
  const given = String(how.out) === String(data.out) ? data.upstream : null, ones = how.places.map(() => 1);
  const slide = (whole, kernel) => windows.map((under) => total(under.map((at, k) => whole[at] * kernel[k])));

  const out = ones.map(() => bias ?? 0);
  for (const [a, kernel] of data.channels) slide(how.pad(a), turned(kernel)).forEach((v, i) => { out[i] += v; });
  const upstream = given ? given.filters[0] : ones;
  const dx = how.every.map(() => 0), dw = weight.map(() => 0);
  data.filters.forEach((kernel, f) => {
    const g = given ? given.filters[f] : ones, back = turned(kernel);
    windows.forEach((under, i) => under.forEach((at, k) => { dx[at] += g[i] * back[k]; }));
  });
  let db = 0;
  data.images.forEach((a, n) => {
    const g = given ? given.images[n] : ones, whole = how.pad(a);
    windows.forEach((under, i) => under.forEach((at, k) => { dw[places[k]] += g[i] * whole[at]; }));
    db += total(g);
  });
  const inner = (a) => how.inner.map((at) => a[at]);

  const mostX = extent(data.channels[0][0]), mostW = extent(weight), mostG = extent(upstream);
  const panels = {
    x: { shape: how.padded, most: mostX, values: image, padding: how.margin },
    w: { shape: data.kernel, most: mostW, values: weight },
    flipped: { shape: data.kernel, most: mostW, values: data.phase === "backward" ? slid : null },
    b: { shape: [1, 1], most: extent([bias]), values: [bias] },
    o: { shape: how.out, most: extent(out, mostX * mostW), values: data.phase === "backward" ? out : null },
    dx: { shape: how.padded, most: extent(inner(dx), mostG * mostW), padding: how.margin },
    dw: { shape: data.kernel, most: extent(dw, mostG * mostX) },
    db: { shape: [1, 1], most: extent([db], mostG) },
    do: { shape: how.out, most: mostG },
  };
  const steps = [];
  const all = (key) => panels[key].padding ? how.inner : [...Array(panels[key].shape[0] * panels[key].shape[1]).keys()];
  const record = (text, { put = {}, mark = {}, note = {}, box = {} } = {}) => {
    const filled = Object.entries(put).map(([key, [at, values]]) =>
      [key, at.map((i, j) => values ? [i, level(values[j], panels[key].most), short(values[j])] : [i, "p0", ""])]);
    const noted = Object.entries(note).map(([key, [at, texts]]) => [key, at.map((i, j) => [i, texts[j]])]);
    steps.push({ text, put: Object.fromEntries(filled), mark, note: Object.fromEntries(noted), box });
  };

  if (data.phase !== "backward") {
    const told = words(how);
    record(
      `${w === "kernel" ? "The kernel" : `The kernel ${w}`} slides over ${x}${told && `: ${told}`}. Each element of the `
        + `output O is the sum of the products under it${bias === null ? "" : ", plus the bias"}.${data.others}`,
      { put: Object.fromEntries(["o", "flipped", "dx", "dw", "db", "do"].map((key) => [key, [all(key)]])) });
    const kernel = flip ? "flipped" : "w";
    if (flip) record(
      `True convolution first ${data.signal ? "reverses the kernel" : "rotates the kernel by 180°"}.`,
      { put: { flipped: [all("flipped"), slid] }, mark: { w: { on: all("w") }, flipped: { on: all("flipped") } } });
    for (const outputs of turns(how)) {
      const made = outputs.map(cell), values = made.map((i) => out[i]);
      const mark = { [kernel]: { on: all(kernel) }, b: { on: [0] } }, put = { o: [made, values] };
      if (outputs.length > 1) {
        record(
          `O${span(outputs)}: each element is the sum of ${count * data.channels.length} products, between `
            + `${short(Math.min(...values))} and ${short(Math.max(...values))}.`,
          { put, mark, box: { x: how.box(outputs), o: block(outputs) } });
        continue;
      }
      const under = windows[made[0]], seen = under.map((at) => image[at]);
      let text = products(seen, slid, data.kernel[1]);
      if (data.channels.length > 1) {
        const rest = values[0] - total(seen.map((v, k) => v * slid[k])) - (bias ?? 0), many = data.channels.length;
        const from = many > 2 ? `the other ${many - 1} channels` : `channel ${1 - data.shown[2]}`;
        text += `\n+ ${factor(short(rest))} from ${from}`;
      }
      if (bias !== null) text += `\n+ ${factor(short(bias))}`;
      record(`O${label(outputs[0])} = ${text} = ${short(values[0])}`, {
        put, mark: { ...mark, x: { on: under }, o: { out: made } }, box: { x: how.box(outputs) },
        note: { x: [under, slid.map((v) => `×${short(v)}`)] },
      });
    }
  }

  if (data.phase !== "forward") {
    const grown = how.every.map(() => 0), kept = weight.map(() => 0);
    let biased = 0;
    record(
      "Backward: each element of O has an upstream gradient, ∂L/∂O. It flows back to both factors of each product, times "
        + `the other factor. The gradients start at 0.${data.phase === "backward" ? data.others : ""}`,
      { put: { do: [all("do"), upstream],
        ...Object.fromEntries(["dx", "dw", "db"].map((key) => [key, [all(key), all(key).map(() => 0)]])) } });
    for (const outputs of turns(how)) {
      for (const at of outputs) {
        const under = windows[cell(at)], g = upstream[cell(at)];
        under.forEach((i, k) => { grown[i] += g * slid[k]; kept[places[k]] += g * image[i]; });
        biased += g;
      }
      const box = { x: how.box(outputs), dx: how.box(outputs) }, every = { on: all("w") };
      let mark = { w: every, flipped: every, dw: every, db: { on: [0] } }, note = {}, text, reached;
      if (outputs.length === 1) {
        const at = cell(outputs[0]), under = windows[at], g = upstream[at], own = { out: [at] };
        const within = under.map((i, k) => [i, k]).filter(([i]) => how.inside(i));
        reached = within.map(([i]) => i);
        const window = listed(turned(under.map((i) => image[i])), data.kernel[1]) || `the window of ${x}`;
        const kernel = listed(slid, data.kernel[1]) || `${w}${flip ? ", flipped" : ""}`;
        text = [
          `O${label(outputs[0])} has the upstream gradient ${short(g)}.`,
          `∂L/∂${x} in the window += ${factor(short(g))} × ${kernel}${reached.length < count ? ", except the padding" : ""}`,
          `∂L/∂${w} += ${factor(short(g))} × ${window}`,
          ...(bias === null ? [] : [`∂L/∂${b} += ${factor(short(g))}`]),
        ].join("\n");
        note = {
          dx: [reached, within.map(([, k]) => signed(g * slid[k]))],
          dw: [places, under.map((i) => signed(g * image[i]))],
          db: [[0], [signed(g)]],
        };
        mark = { ...mark, x: { on: under }, dx: { on: reached }, o: own, do: own };
      } else {
        const [row, col, rows, cols] = how.box(outputs);
        reached = how.inner.filter((i) => {
          const r = Math.floor(i / how.padded[1]), c = i % how.padded[1];
          return r >= row && r < row + rows && c >= col && c < col + cols;
        });
        text = `∂L/∂O${span(outputs)}: each element flows back to the ${count} elements of ${x} in its window, and to all of `
          + `${w}.`;
        box.o = box.do = block(outputs);
      }
      record(text, { mark, note, box,
        put: { dx: [reached, reached.map((i) => grown[i])], dw: [all("dw"), [...kept]], db: [[0], [biased]] } });
    }
    const filters = data.filters.length > 1, images = data.images.length > 1;
    if (filters || images) record(
      [
        ...(filters ? [`The other filters use ${x} too, and add to ∂L/∂${x}.`] : []),
        ...(images ? [`The other images use ${w} too, and add to ∂L/∂${w}${bias === null ? "" : ` and ∂L/∂${b}`}.`] : []),
      ].join("\n"),
      { put: { dx: [all("dx"), inner(dx)], dw: [all("dw"), dw], db: [[0], [db]] },
        mark: { dx: { on: filters ? all("dx") : [] }, dw: { on: images ? all("dw") : [] } } });
    const k = places.indexOf(0), met = windows.map((under) => under[k]);
    let text = `Each element of ∂L/∂${w} is a sum over ∂L/∂O laid on ${x}: the gradient of a convolution is a convolution.`;
    let mark = {};
    if (upstream.length <= LONGEST && !images) {
      const sum = products(upstream, met.map((i) => image[i]), how.out[1]);
      text = `∂L/∂${w}[${data.signal ? "0" : "0, 0"}] = ${sum} = ${short(dw[0])}\n${text}`;
      mark = { do: { on: all("do") }, x: { on: met }, w: { out: [0] }, dw: { out: [0] } };
    }
    record(text, { mark });
  }
  return { how, panels, steps, asked: !data.upstream || given !== null };
}
