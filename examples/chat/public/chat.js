// The page's logic: what happens when the server or the person says something.

import { Connection } from './connection.js';
import {
  $,
  scrollToLatest,
  showHistory,
  showMessage,
  showNotice,
  showPeople,
  showStatus,
  showTyping,
  watchScrolling
} from './view.js';

const TITLE = document.title;
const TYPING_EVERY = 2000; // ms between two notes that this tab is writing
const TYPING_LASTS = 4000; // ms that such a note stays on the others' pages

const connection = new Connection();
const ownIds = new Set(JSON.parse(sessionStorage.getItem('ids') ?? '[]'));
const people = new Map(); // id -> name
const typing = new Map(); // id -> timer

let me = null; // { id, name } while this tab is in the room
let lastSent = '';
let typingSentAt = 0;
let unread = 0;
let wantedName = '';

const onMessage = {
  welcome({ you, people: present, history }) {
    me = you;
    connection.settle();

    people.clear();
    for (const { id, name } of present) people.set(id, name);
    stopTyping([...typing.keys()]);
    enterRoom();
    showPeople(people, me.id);
    // A reconnection gives a new id; what was said under the old ones stays own.
    ownIds.add(me.id);
    sessionStorage.setItem('ids', JSON.stringify([...ownIds]));
    showHistory(history, ({ from }) => ownIds.has(from.id));
    showNotice(`You are here as ${me.name}`);
    showStatus('open', `Connected as ${me.name}`);
  },

  joined({ person }) {
    people.set(person.id, person.name);
    showPeople(people, me.id);
    showNotice(`${person.name} joined`);
  },

  left({ person }) {
    people.delete(person.id);
    stopTyping([person.id]);
    showPeople(people, me.id);
    showNotice(`${person.name} left`);
  },

  // Two processes had given the name to two people.
  renamed({ person }) {
    showNotice(`${people.get(person.id)} is now called ${person.name}`);
    people.set(person.id, person.name);
    if (person.id === me.id) {
      me = person;
      showStatus('open', `Connected as ${me.name}`);
    }
    showPeople(people, me.id);
  },

  // There was more than this tab was shown: processes have found each other.
  history({ history }) {
    showHistory(history, ({ from }) => ownIds.has(from.id));
  },

  message(message) {
    stopTyping([message.from.id]);
    showMessage(message, message.from.id === me.id);
    if (document.hidden) setUnread(unread + 1);
  },

  typing({ person }) {
    clearTimeout(typing.get(person.id));
    typing.set(
      person.id,
      setTimeout(() => stopTyping([person.id]), TYPING_LASTS)
    );
    showTypingNames();
  },

  error({ message }) {
    if (me === null) return leaveRoom(message);

    $('error').textContent = message;
    // What was refused is not lost, if nothing new was begun meanwhile.
    if ($('text').value === '') $('text').value = lastSent;
    onInput();
  }
};

connection.addEventListener('open', () => {
  connection.send({ type: 'join', name: wantedName });
});
connection.addEventListener('message', ({ detail }) => {
  onMessage[detail.type]?.(detail);
});
connection.addEventListener('lost', () => {
  me = null;
  $('send').disabled = true;
  showStatus('busy', 'Connection lost, reconnecting…');
});

$('join').addEventListener('submit', (event) => {
  event.preventDefault();
  join($('name').value.trim());
});

$('composer').addEventListener('submit', (event) => {
  event.preventDefault();

  const text = $('text').value.trim();

  if (text === '' || !connection.send({ type: 'say', text })) return;

  lastSent = text;
  typingSentAt = 0;
  $('text').value = '';
  $('error').textContent = '';
  $('text').focus();
  onInput();
});

$('text').addEventListener('keydown', (event) => {
  // `isComposing`: this Enter confirms a word of an input method.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;

  event.preventDefault();
  if (!$('send').disabled) $('composer').requestSubmit();
});

$('text').addEventListener('input', () => {
  onInput();

  if ($('text').value !== '' && Date.now() - typingSentAt > TYPING_EVERY) {
    typingSentAt = Date.now();
    connection.send({ type: 'typing' });
  }
});

$('latest').addEventListener('click', scrollToLatest);
watchScrolling();

$('theme').addEventListener('click', () => {
  const now =
    document.documentElement.dataset.theme ||
    (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');

  setTheme(now === 'dark' ? 'light' : 'dark');
});

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) setUnread(0);
});

setTheme(localStorage.getItem('theme') ?? '');

// A reload comes back under the same name; another tab chooses its own.
const remembered = sessionStorage.getItem('name');

if (remembered) {
  $('name').value = remembered;
  join(remembered);
}

function join(name) {
  if (name === '') {
    $('join-error').textContent = 'Please type a name.';
    return;
  }

  wantedName = name;
  $('join-error').textContent = '';
  showStatus('busy', 'Connecting…');
  connection.close();
  connection.open();
}

function enterRoom() {
  sessionStorage.setItem('name', wantedName);
  $('send').disabled = false;

  if (!$('room').hidden) return; // a reconnection: the focus stays where it is

  $('lobby').hidden = true;
  $('room').hidden = false;
  $('text').focus();
}

function leaveRoom(reason) {
  connection.close();
  sessionStorage.removeItem('name');
  $('room').hidden = true;
  $('lobby').hidden = false;
  $('join-error').textContent = reason;
  $('name').focus();
  showStatus('idle', 'Not connected');
}

function onInput() {
  const { maxLength, value } = $('text');
  const left = maxLength - value.length;

  $('left').textContent = left <= 100 ? `${left} characters left` : '';
  fitComposer();
}

// The field grows with its text, up to the height the style sheet allows.
function fitComposer() {
  $('text').style.height = 'auto';
  $('text').style.height = `${$('text').scrollHeight + 2}px`;
}

function stopTyping(ids) {
  for (const id of ids) {
    clearTimeout(typing.get(id));
    typing.delete(id);
  }

  showTypingNames();
}

function showTypingNames() {
  showTyping([...typing.keys()].map((id) => people.get(id)));
}

function setUnread(count) {
  unread = count;
  document.title = count > 0 ? `(${count}) ${TITLE}` : TITLE;
}

function setTheme(theme) {
  if (theme === '') return;

  document.documentElement.dataset.theme = theme;
  localStorage.setItem('theme', theme);
}
