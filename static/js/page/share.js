/** Settings as a link: what differs from the defaults, base64url in the address's fragment, which no server sees. */

/** @import { Nested, Value } from '../data/wire.d.ts' */

/**
 * What of `spec` differs from `base`. A part of another name says all of its parameters.
 * @param {Value} spec @param {Value} base @returns {Value} undefined: nothing
 */
export function difference(spec, base) {
  if (spec === null || typeof spec !== 'object' || Array.isArray(spec)) return JSON.stringify(spec) === JSON.stringify(base) ? undefined : spec;
  const other = base === null || typeof base !== 'object';
  /** @type {Nested} */
  const out = {};
  for (const [key, value] of Object.entries(spec)) {
    const renamed = key === 'params' && spec.name !== base?.name;
    const inner = difference(value, other || renamed ? undefined : base[key]);
    if (inner !== undefined) out[key] = inner;
  }
  return Object.keys(out).length || other ? out : undefined;
}

/**
 * `base` with `partial` put over it. A part of another name begins with no parameters.
 * @template {Value} T @param {T} base @param {Value} partial @returns {T}
 */
export function overlay(base, partial) {
  if (partial === null || typeof partial !== 'object' || Array.isArray(partial)) return partial;
  /** @type {Value} */
  const plain = base === null || typeof base !== 'object' ? {} : base;
  const out = structuredClone(plain);
  if (partial.name !== undefined && partial.name !== plain.name && 'params' in plain) out.params = {};
  for (const [key, value] of Object.entries(partial)) out[key] = overlay(out[key] ?? null, value);
  return out;
}

/** @param {object} spec */
export function encode(spec) {
  const bytes = new TextEncoder().encode(JSON.stringify(spec));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @param {string} text @returns {Nested | null} null where it is no settings */
export function decode(text) {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    const spec = JSON.parse(new TextDecoder().decode(bytes));
    return spec !== null && typeof spec === 'object' && !Array.isArray(spec) ? spec : null;
  } catch {
    return null;
  }
}
