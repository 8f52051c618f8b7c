/** Where a study's cells stand: one axis to the right, one down, the others held at a value. */

import { titleOf, valueWord } from '../form/known.js';
import { _ } from '../page/texts.js';

/** @import { Axis, Study, StudyCell, Value } from '../data/wire.d.ts' */
/** @typedef {ReturnType<typeof layoutOf>} Layout */

/** @param {unknown} a @param {unknown} b */
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** @param {Pick<Study, 'cells'>} study @param {Record<string, unknown>} values by path @returns {StudyCell | undefined} the cell there */
export const cellAt = (study, values) => study.cells.find((cell) => Object.entries(values).every(([path, value]) => same(cell.values[path], value)));

/**
 * An axis is null where there is none.
 * @param {Pick<Study, 'axes' | 'cells'>} study @param {number[]} held for each axis beyond the second, the index of the value that it is held at
 * @returns {{rows: Axis | null, columns: Axis | null, others: {axis: Axis, index: number}[], at: (row: number, column: number) => StudyCell | undefined}}
 */
export function layoutOf(study, held) {
  const [first, second, ...rest] = study.axes;
  const rows = second ? first : null;
  const columns = second ?? first ?? null;
  const others = rest.map((axis, i) => ({ axis, index: Math.min(held[i] ?? 0, axis.values.length - 1) }));
  const fixed = Object.fromEntries(others.map(({ axis, index }) => [axis.path, axis.values[index]]));
  const at = (/** @type {number} */ row, /** @type {number} */ column) => {
    const values = { ...fixed };
    if (rows) values[rows.path] = rows.values[row];
    if (columns) values[columns.path] = columns.values[column];
    return cellAt(study, values);
  };
  return { rows, columns, others, at };
}

/** A value's word on an axis. @param {Axis} axis @param {number} i */
export const labelAt = (axis, i) => valueWord(axis.path, axis.values[i]);

/** @param {Axis} axis */
export const axisTitle = (axis) => titleOf(axis.path);

/** Why a cell has no runs, in words. @param {Pick<StudyCell, 'refused'>} cell */
export const reasonOf = (cell) => (cell.refused ?? []).map(({ loc, msg }) => (loc ? `${titleOf(loc)}: ${msg}` : msg)).join(' · ') || _('It was refused.');

/**
 * Rows by the values that they have beside those of one axis: each line runs along that axis alone.
 * @template {{values: Record<string, Value>}} Row
 * @param {Row[]} rows @param {string} path @returns {{values: Record<string, Value>, cells: Row[]}[]}
 */
export function linesOf(rows, path) {
  /** @type {Map<string, {values: Record<string, Value>, cells: Row[]}>} */
  const lines = new Map();
  for (const row of rows) {
    const values = Object.fromEntries(Object.entries(row.values).filter(([name]) => name !== path));
    const key = JSON.stringify(values);
    const line = lines.get(key) ?? { values, cells: [] };
    lines.set(key, line);
    line.cells.push(row);
  }
  return [...lines.values()];
}
