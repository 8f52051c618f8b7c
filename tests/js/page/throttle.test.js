import assert from 'node:assert/strict';
import test, { afterEach, beforeEach, mock } from 'node:test';

import { hide } from '../page.js';
import { Throttle } from '../../../static/js/page/throttle.js';

let now = 0;

/** Let time pass, a millisecond at a time, and everything that waits for an answer get it. @param {number} ms */
async function pass(ms) {
  for (let i = 0; i < ms; i++) {
    now += 1;
    mock.timers.tick(1);
    await Promise.resolve();
    await Promise.resolve();
  }
}

beforeEach(() => {
  now = 0;
  mock.timers.enable({ apis: ['setTimeout'] });
  mock.method(performance, 'now', () => now);
  hide(false);
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

test('the first wish is done at once, later ones a pause after the last beginning', async () => {
  const begun = [];
  const throttle = new Throttle(() => begun.push(now), 100);
  throttle.soon();
  await pass(1);
  assert.equal(begun.length, 1);
  throttle.soon();
  throttle.soon();
  await pass(300);
  assert.equal(begun.length, 2, 'two wishes within a pause are one');
  assert.ok(begun[1] - begun[0] >= 100 && begun[1] - begun[0] <= 102, `${begun}`);
});

test('with no pause it is done at once, though one waits', async () => {
  const begun = [];
  const throttle = new Throttle(() => begun.push(now), 100);
  throttle.soon();
  await pass(1);
  throttle.soon();
  throttle.soon(0);
  await pass(2);
  assert.equal(begun.length, 2);
  await pass(300);
  assert.equal(begun.length, 2, 'the one that waited is done with it');
});

test('a wish that can wait puts off none that can not', async () => {
  const begun = [];
  const throttle = new Throttle(() => begun.push(now), 100);
  throttle.soon();
  await pass(1);
  throttle.soon(0);
  throttle.soon();
  await pass(2);
  assert.equal(begun.length, 2);
});

test('it is never done twice at once; what is asked for meanwhile is done once more', async () => {
  let going = 0;
  let done = 0;
  let finish = () => {};
  const throttle = new Throttle(async () => {
    going += 1;
    assert.equal(going, 1);
    await new Promise((resolve) => (finish = resolve));
    going -= 1;
    done += 1;
  }, 10);
  throttle.soon();
  await pass(1);
  for (let i = 0; i < 5; i++) throttle.soon(0);
  await pass(50);
  assert.equal(done, 0);
  finish();
  await pass(20);
  finish();
  await pass(50);
  assert.equal(done, 2);
});

test('a page that nobody sees asks for nothing, and asks when it is seen again', async () => {
  let done = 0;
  const throttle = new Throttle(() => (done += 1), 10);
  hide(true);
  throttle.soon();
  await pass(50);
  assert.equal(done, 0);
  hide(false);
  await pass(50);
  assert.equal(done, 1);
});
