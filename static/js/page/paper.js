/** A sheet over the page for a text to take away: a link, a script. */

import { $ } from './elements.js';
import { _ } from './texts.js';

export function installPaper() {
  $('paper-close').addEventListener('click', () => $('paper', HTMLDialogElement).close());
  $('paper-copy').addEventListener('click', async () => {
    const text = $('paper-text', HTMLTextAreaElement);
    text.select();
    try {
      await navigator.clipboard.writeText(text.value);
    } catch {
      document.execCommand('copy'); // the clipboard's own interface is missing where the page isn't on https
    }
    $('paper-said').textContent = _('Copied');
  });
}

/** @param {{title: string, about: string, text: string, file?: string, short?: boolean}} what `file`: a name to save it under */
export function showPaper({ title, about, text, file, short }) {
  $('paper-title').textContent = title;
  $('paper-about').textContent = about;
  const held = $('paper-text', HTMLTextAreaElement);
  held.value = text;
  $('paper-said').textContent = '';
  $('paper').classList.toggle('short', Boolean(short));
  const save = $('paper-save', HTMLAnchorElement);
  save.hidden = !file;
  URL.revokeObjectURL(save.href);
  if (file) {
    save.href = URL.createObjectURL(new Blob([text], { type: 'text/x-python' }));
    save.download = file;
  }
  $('paper', HTMLDialogElement).showModal();
  held.select();
}
