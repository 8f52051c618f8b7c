import assert from 'node:assert/strict';
import test from 'node:test';

import '../page.js';
import { decode } from '../../../static/js/data/live.js';

/** A frame as `app/hub/wire.py` lays it out. */
function frameOf(header, arrays) {
  const places = [];
  let size = 4;
  for (const array of arrays) {
    places.push({ dtype: array.constructor.name.replace('Array', '').toLowerCase(), offset: size, length: array.length });
    size += Math.ceil(array.byteLength / 8) * 8;
  }
  const bare = JSON.stringify({ ...header, places });
  const text = new TextEncoder().encode(bare.padEnd(bare.length + ((8 - (new TextEncoder().encode(bare).length % 8)) % 8)));
  const buffer = new ArrayBuffer(4 + text.length + size);
  new DataView(buffer).setUint32(0, text.length, true);
  new Uint8Array(buffer).set(text, 4);
  arrays.forEach((array, i) => new Uint8Array(buffer).set(new Uint8Array(array.buffer), 4 + text.length + places[i].offset));
  return buffer;
}

test('a frame gives its header and its arrays, as views of it', () => {
  const arrays = [Float64Array.of(1.5, -2), Uint16Array.of(1, 2, 3), Uint32Array.of(4_000_000_000), Float32Array.of(0.5)];
  const buffer = frameOf({ type: 'histograms', layer: '층 1' }, arrays);
  const { header, view } = decode(buffer);
  assert.equal(header.layer, '층 1');
  const found = header.places.map((place) => view(place));
  assert.deepEqual(found, arrays);
  assert.ok(found.every((array) => array.buffer === buffer));
});
