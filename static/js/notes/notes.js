/** The notes: starts experiments, follows those that go on, and shows what came of them to who asks. */

import { asProblem, cancelClaim, getClaim, getClaims, runClaim } from '../data/api.js';
import { Drawer } from '../page/draw.js';
import { $, all, make, one as first } from '../page/elements.js';
import { Experiment, outcomeWord } from './experiment.js';
import { Live } from '../data/live.js';
import { data, place } from '../page/pieces.js';
import { opened } from '../page/opened.js';
import { Statement } from './statement.js';
import { _, integer } from '../page/texts.js';
import { colours, installTheme } from '../page/theme.js';
import { Throttle } from '../page/throttle.js';

const PAUSE = 1000; // ms between two looks at what has changed
const FOLLOWED = 2; // the one that runs and the next one

/** @import { ExperimentAbout, Outcome } from '../data/wire.d.ts' */

/** @type {[{experiments: ExperimentAbout[], signs: Record<Outcome, string>}, void]} */
const [island] = await Promise.all([data('experiments'), place('statements', $('statements'))]);
const drawer = new Drawer();
let colour = colours();
let known = false; // whether all experiments were told since the server was last lost

installTheme(() => {
  colour = colours();
  drawer.mark();
});

/** @type {Map<string, Experiment>} */
const experiments = new Map(
  island.experiments.map((about) => {
    /** @type {Experiment} */
    const one = new Experiment({ ...about, signs: island.signs }, {
      run: (quick) => start(one, quick, true),
      cancel: () => cancel(one),
      revealed: () => look(one),
    });
    drawer.add({ id: about.id, element: one.plot, draw: () => one.draw(colour) });
    return [about.id, one];
  }),
);

const statements = all(document, '.statement').map((element) => new Statement(element));

/** Ask how an experiment stands, and for its curves where they are wanted and held no longer. @param {Experiment} one */
async function look(one) {
  const before = one.sentence;
  try {
    for (const curves of [false, true]) {
      if (curves && !one.wantsCurves) break;
      const { judgements, standing, times } = await getClaim(one.about.id, curves);
      one.take(judgements[0] ?? null, standing, times, curves);
    }
  } catch (caught) {
    one.trouble(asProblem(caught).message);
  }
  drawer.mark(one.about.id);
  if (one.sentence !== before) say(one.sentence);
  tell();
}

/** @param {Experiment} one @param {boolean} quick @param {boolean} byHand */
async function start(one, quick, byHand) {
  let refused = null;
  one.busy = true;
  one.say();
  try {
    one.take(await runClaim(one.about.id, quick), one.standing, one.times);
    if (byHand) one.reveal(true);
  } catch (caught) {
    const { status, message } = asProblem(caught);
    refused = byHand || status !== 409 ? message : null;
  }
  one.busy = false;
  one.say();
  if (refused) one.trouble(refused);
  tell();
}

/** @param {Experiment} one */
async function cancel(one) {
  one.busy = true;
  one.say();
  try {
    await cancelClaim(one.about.id);
  } catch (caught) {
    const { status, message } = asProblem(caught);
    if (status !== 409) one.trouble(message); // it has ended by itself
  }
  one.busy = false;
  await look(one);
}

const going = () => [...experiments.values()].filter((one) => one.going).sort((a, b) => begunAt(a) - begunAt(b));

/** @param {Experiment} one */
const begunAt = (one) => one.judgement?.created ?? 0;

/** What the server last said of how many go on, here or in another page. @type {Record<string, number>} */
let counts = {};

/** Look at what goes on, whenever the server says that something has changed. */
const looking = new Throttle(async () => {
  await Promise.all(going().slice(0, FOLLOWED).map(look));
  if (!known || going().length !== (counts.queued ?? 0) + (counts.running ?? 0)) await load();
  await Promise.all([...experiments.values()].filter((one) => one.wantsCurves).map(look));
  tell();
}, PAUSE);

const live = new Live({
  message: (message) => {
    if (message.type !== 'changed') return;
    counts = message.counts;
    looking.soon();
  },
  frame: () => {},
  state: (state) => {
    if (state === 'disconnected') known = false;
  },
  since: () => null,
});
live.subscribe([], [], ['claims']);

/** How the whole stands, above all of them. */
function tell() {
  const left = going().length;
  $('cancel-all').hidden = left < 2;
  for (const id of ['run-all-quick', 'run-all-full']) $(id, HTMLButtonElement).disabled = left === experiments.size;
  const run = [...experiments.values()].filter((one) => one.times);
  const words = left ? [_('Under way: {n}. The rest of the page can be read meanwhile.', { n: integer(left) })] : [];
  if (!left && run.length) words.push(_('{n} of {total} experiments were run on this server.', { n: integer(run.length), total: integer(experiments.size) }));
  $('whole').textContent = words.join(' ');
  for (const link of all(document, '.goes-to')) sayOutcome(link);
}

/** Beside a statement: what stands of its experiment, once it is no longer a riddle. @param {HTMLElement} link */
function sayOutcome(link) {
  const one = experiments.get(link.dataset.goesTo ?? '');
  link.querySelector('.aside')?.remove();
  if (!one?.revealed || !one.standing) return;
  const { outcome, quick } = one.standing;
  const words = [outcome ? island.signs[outcome] : '', outcomeWord(outcome), ...(quick ? [_('(2 seeds)')] : [])];
  link.append(make('span', { className: 'aside' }, ` ${words.join(' ')}`));
}

/** @param {string} text */
const say = (text) => ($('said').textContent = text);

/** @param {boolean} quick */
async function startAll(quick) {
  for (const one of experiments.values()) if (!one.going) await start(one, quick, false);
}

async function cancelAll() {
  for (const one of going().reverse()) await cancel(one); // those that wait first: none of them is started meanwhile
  tell();
}

function revealAll() {
  const button = $('reveal-all');
  const revealed = button.getAttribute('aria-pressed') !== 'true';
  button.setAttribute('aria-pressed', String(revealed));
  for (const one of experiments.values()) if (one.judgement || !revealed) one.reveal(revealed);
  for (const one of statements) one.reveal(revealed);
  tell();
}

/** All experiments as they stand. Where the server can't be reached, that is said; the live socket tells when it is back. */
async function load() {
  try {
    for (const { experiment, judgement, standing, times } of (await getClaims()).items) experiments.get(experiment.id)?.take(judgement, standing, times);
    known = true;
    $('trouble').hidden = true;
  } catch (caught) {
    $('trouble').textContent = asProblem(caught).message;
    $('trouble').hidden = false;
  }
  tell();
}

/** A formula or table that is wider than the page is scrolled by key too. */
function reachable() {
  for (const wide of all(document, '.formula, .wide')) {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
    else wide.removeAttribute('tabindex');
  }
}

/** The section that is being read, in the contents. */
function markContents() {
  const links = new Map(all(document, '.contents a', HTMLAnchorElement).map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) links.get(target.id)?.setAttribute('aria-current', 'true');
      else links.get(target.id)?.removeAttribute('aria-current');
    }
  }, { rootMargin: '-20% 0px -79% 0px' });
  for (const part of all(document, '.part')) seen.observe(part);
}

$('run-all-quick').addEventListener('click', () => startAll(true));
$('run-all-full').addEventListener('click', () => startAll(false));
$('cancel-all').addEventListener('click', cancelAll);
$('reveal-all').addEventListener('click', revealAll);
new ResizeObserver(reachable).observe(first(document, '.column'));
markContents();
await load();
opened();
