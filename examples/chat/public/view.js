// Builds what the page shows. Whatever people wrote reaches the document through
// `textContent` only, so it can never become markup.

const MAX_ENTRIES = 400; // in the log; older ones go
const GROUP_MS = 5 * 60 * 1000; // messages closer than this share one heading

export const $ = (id) => document.getElementById(id);

/**
 * Adds a message to the log.
 *
 * @param {{from: {id: string, name: string}, text: string, at: number}} message
 *     from the server
 * @param {boolean} isOwn whether this tab's person wrote it
 */
export function showMessage({ from, text, at }, isOwn) {
  const last = $('log').lastElementChild;
  const follows =
    last?.dataset.from === from.id && at - last.dataset.at < GROUP_MS;
  const entry = element('li', 'message');

  entry.dataset.from = from.id;
  entry.dataset.at = at;
  entry.classList.toggle('own', isOwn);
  entry.classList.toggle('follows', follows);

  const time = element('time', 'time', clock(at));

  time.dateTime = new Date(at).toISOString();

  const heading = element('p', follows ? 'visually-hidden' : 'heading');

  heading.append(element('b', 'author', isOwn ? 'You' : from.name), ' ', time);
  entry.append(avatar(from.name), heading, element('p', 'text', text));
  append(entry, isOwn);
}

/** @param {string} text a line about the room, such as "Ada joined" */
export function showNotice(text) {
  append(element('li', 'notice', text), false);
}

/**
 * Fills the log anew. Screen readers do not read the history out.
 *
 * @param {object[]} messages from the server
 * @param {(message: object) => boolean} isOwn which are by this tab's person
 */
export function showHistory(messages, isOwn) {
  const log = $('log');

  log.ariaLive = 'off';
  log.replaceChildren();
  for (const message of messages) showMessage(message, isOwn(message));
  scrollToLatest();
  setTimeout(() => (log.ariaLive = 'polite'), 200);
}

/**
 * @param {Map<string, string>} people names by id
 * @param {string} ownId which of them is this tab
 */
export function showPeople(people, ownId) {
  const byName = [...people].sort(([, a], [, b]) => a.localeCompare(b));

  $('count').textContent = people.size;
  $('people').replaceChildren(
    ...byName.map(([id, name]) => {
      const item = element('li', 'person');

      item.append(avatar(name), element('span', 'name', name));
      if (id === ownId) item.append(element('span', 'you', 'you'));
      return item;
    })
  );
}

/** @param {string[]} names of those who are writing at the moment */
export function showTyping(names) {
  const who =
    names.length > 2 ? 'Several people' : names.join(' and ') || undefined;

  $('typing').textContent = who
    ? `${who} ${names.length > 1 ? 'are' : 'is'} writing…`
    : '';
}

/**
 * @param {'idle'|'busy'|'open'} state which colour the dot has
 * @param {string} text what to say
 */
export function showStatus(state, text) {
  $('status').dataset.state = state;
  $('status').textContent = text;
}

/** Scrolls the log to its end. */
export function scrollToLatest() {
  $('log').scrollTop = $('log').scrollHeight;
  $('latest').hidden = true;
}

/** Keeps the end of the log in sight when the window or the keyboard moves it. */
export function watchScrolling() {
  const log = $('log');
  let size = '';
  let wasAtLatest = true;

  log.addEventListener('scroll', () => {
    // A new size scrolls by itself; only the person decides where to stay.
    if (size !== sizeOf(log)) return;

    wasAtLatest = isAtLatest();
    if (wasAtLatest) $('latest').hidden = true;
  });

  new ResizeObserver(() => {
    size = sizeOf(log);
    if (wasAtLatest) scrollToLatest();
  }).observe(log);
}

// Who reads further up is not torn away; a button leads to the end.
function append(entry, isOwn) {
  const follow = isOwn || isAtLatest();
  const log = $('log');

  log.append(entry);
  if (log.childElementCount > MAX_ENTRIES) log.firstElementChild.remove();

  if (follow) scrollToLatest();
  else if (entry.classList.contains('message')) $('latest').hidden = false;
}

function isAtLatest() {
  const { clientHeight, scrollHeight, scrollTop } = $('log');

  return scrollHeight - scrollTop - clientHeight < 60;
}

function sizeOf({ clientWidth, clientHeight }) {
  return `${clientWidth}x${clientHeight}`;
}

function avatar(name) {
  const circle = element('span', 'avatar', [...name][0].toUpperCase());
  let hash = 0;

  for (const character of name) {
    hash = (hash * 31 + character.codePointAt(0)) % 65521;
  }

  // The golden angle puts names that hash to neighbours far from each other.
  circle.style.setProperty('--hue', (hash * 137.5) % 360);
  circle.ariaHidden = 'true';
  return circle;
}

function clock(at) {
  return new Date(at).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit'
  });
}

function element(tag, className, text = '') {
  const node = document.createElement(tag);

  node.className = className;
  node.textContent = text;
  return node;
}
