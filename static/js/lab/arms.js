/** Runs side by side: a chip each in its colour; the chosen one is steered and looked into. */

import { around, maybe, moveOf } from '../page/elements.js';

export const TONES = ['series-a', 'series-b', 'series-c', 'series-d'];

/** @typedef {{id: string, label: string}} Arm */

export class Arms {
  /** @param {HTMLElement} element @param {(id: string) => void} choose */
  constructor(element, choose) {
    this.element = element;
    this.choose = choose;
    /** @type {Arm[]} */
    this.all = [];
    this.chosen = '';
    element.addEventListener('click', (event) => {
      const chip = around(event, '.arm');
      if (chip) choose(chip.dataset.run ?? '');
    });
    element.addEventListener('keydown', (event) => {
      const move = moveOf(event);
      if (!move) return;
      event.preventDefault();
      event.stopPropagation();
      const at = this.all.findIndex(({ id }) => id === this.chosen);
      const next = this.all[(at + move + this.all.length) % this.all.length];
      choose(next.id);
      maybe(this.element, '[aria-checked="true"]')?.focus();
    });
  }

  /** @param {Arm[]} arms @param {string} chosen */
  set(arms, chosen) {
    this.all = arms.length > 1 ? arms : [];
    this.chosen = chosen;
    this.element.replaceChildren(...this.all.map(({ id, label }, i) => {
      const chip = document.createElement('button');
      chip.type = 'button';
      chip.className = 'arm';
      chip.dataset.run = id;
      chip.title = label;
      chip.setAttribute('role', 'radio');
      chip.setAttribute('aria-checked', String(id === chosen));
      chip.tabIndex = id === chosen ? 0 : -1;
      const line = document.createElement('i');
      line.style.color = `var(--${TONES[i % TONES.length]})`;
      const word = document.createElement('span');
      word.textContent = label;
      chip.append(line, word);
      return chip;
    }));
  }

  get ids() {
    return this.all.map(({ id }) => id);
  }

  /** A run's colour among those side by side; undefined where it stands alone. @param {string | null} id */
  toneOf(id) {
    const at = this.all.findIndex((arm) => arm.id === id);
    return at < 0 ? undefined : TONES[at % TONES.length];
  }

  /** @param {string} id */
  labelOf(id) {
    return this.all.find((arm) => arm.id === id)?.label ?? id;
  }
}
