// A number as minigrad writes it.
function strip(text) { return text.includes(".") ? text.replace(/\.?0+$/, "") : text; }
function power(text) { return text.replace(/e([+-])(\d)$/, "e$10$2"); }
function numberText(x, p) {
  const size = Math.abs(x);
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  if (Number.isInteger(x) && size < 1e9) return String(x);
  if (size >= 1e6) return power(x.toExponential(p));
  if (size >= 0.1) {
    const tie = x * 2 ** (p + 1);  // only then a decimal ends in exactly half a unit: to even, as in Python
    if (Number.isInteger(tie) && tie % 2 !== 0) {
      const scaled = size * 10 ** p, low = Math.floor(scaled);
      return (x < 0 ? "-" : "") + ((low % 2 ? low + 1 : low) / 10 ** p).toFixed(p);
    }
    return x.toFixed(p);
  }
  const digits = Math.max(p, 1), [mantissa, exponent] = x.toExponential(digits - 1).split("e");
  return +exponent < -4 ? power(strip(mantissa) + "e" + exponent) : strip(x.toFixed(digits - 1 - exponent));
}
