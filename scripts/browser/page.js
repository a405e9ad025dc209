'use strict';

// What a person does and sees on the page of the chat.

const logText = `document.querySelector('#log').innerText`;
const statusText = `document.querySelector('#status').textContent`;
const people = `[...document.querySelectorAll('#people .name')]
  .map((node) => node.textContent).join()`;
const typing = `document.querySelector('#typing').textContent`;

/** Types a name, and waits until the room is shown. */
async function join(page, name) {
  // Complete: the page's script runs, and the field has the focus.
  await page.waitFor(
    `document.readyState === 'complete' && document.activeElement.id === 'name'`
  );
  await page.type(name);
  await page.pressEnter();
  await page.waitFor(`!document.querySelector('#room').hidden`);
}

function lastText() {
  return `[...document.querySelectorAll('.message .text')].at(-1)?.textContent`;
}

function ignoreRefusals(problems) {
  return problems.filter((text) => !text.includes('ERR_CONNECTION_REFUSED'));
}

module.exports = {
  ignoreRefusals,
  join,
  lastText,
  logText,
  people,
  statusText,
  typing
};
