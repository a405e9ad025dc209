'use strict';

// A certificate for localhost, made here: Node.js can sign one, but has nothing
// to put it together. For trying things out only.

const crypto = require('node:crypto');

const DAY = 24 * 60 * 60 * 1000; // ms

// DER, the encoding of X.509: a tag, the length, the content.
const BIT_STRING = 0x03;
const INTEGER = 0x02;
const OBJECT_ID = 0x06;
const OCTET_STRING = 0x04;
const SEQUENCE = 0x30;
const SET = 0x31;
const UTC_TIME = 0x17;
const UTF8_STRING = 0x0c;
const VERSION = 0xa0; // [0], explicit
const EXTENSIONS = 0xa3; // [3], explicit
const DNS_NAME = 0x82; // [2], implicit
const IP_ADDRESS = 0x87; // [7], implicit

// Object identifiers, already encoded.
const COMMON_NAME = '550403';
const ECDSA_WITH_SHA256 = '2a8648ce3d040302';
const SUBJECT_ALT_NAME = '551d11';

/**
 * Makes a key and a certificate for `localhost`, `127.0.0.1` and `::1` (RFC 5280),
 * valid from yesterday on for thirty days.
 *
 * @returns {{cert: string, key: string}} both in PEM
 */
function selfSigned() {
  const { privateKey, publicKey } = crypto.generateKeyPairSync('ec', {
    namedCurve: 'P-256'
  });
  const algorithm = der(SEQUENCE, objectId(ECDSA_WITH_SHA256));
  const name = commonName('localhost');
  const now = Date.now();

  const toBeSigned = der(
    SEQUENCE,
    der(VERSION, der(INTEGER, Buffer.from([2]))), // counted from 0: version 3
    der(INTEGER, serialNumber()),
    algorithm,
    name, // the issuer
    der(SEQUENCE, utcTime(now - DAY), utcTime(now + 29 * DAY)),
    name, // the subject
    publicKey.export({ format: 'der', type: 'spki' }),
    der(EXTENSIONS, der(SEQUENCE, subjectAltName()))
  );

  const certificate = der(
    SEQUENCE,
    toBeSigned,
    algorithm,
    bitString(crypto.sign('sha256', toBeSigned, privateKey))
  );

  return {
    cert: pem('CERTIFICATE', certificate),
    key: privateKey.export({ format: 'pem', type: 'pkcs8' })
  };
}

function subjectAltName() {
  const names = der(
    SEQUENCE,
    der(DNS_NAME, Buffer.from('localhost')),
    der(IP_ADDRESS, Buffer.from([127, 0, 0, 1])),
    der(IP_ADDRESS, Buffer.from([...Array(15).fill(0), 1]))
  );

  return der(SEQUENCE, objectId(SUBJECT_ALT_NAME), der(OCTET_STRING, names));
}

function commonName(text) {
  const value = der(UTF8_STRING, Buffer.from(text));

  return der(SEQUENCE, der(SET, der(SEQUENCE, objectId(COMMON_NAME), value)));
}

function serialNumber() {
  const bytes = crypto.randomBytes(16);

  bytes[0] = (bytes[0] & 0x7f) | 0x40; // positive, and no leading zero byte
  return bytes;
}

function utcTime(time) {
  const digits = new Date(time).toISOString().replace(/\D/g, ''); // YYYYMMDDhhmmss

  return der(UTC_TIME, Buffer.from(`${digits.slice(2, 14)}Z`));
}

function objectId(hex) {
  return der(OBJECT_ID, Buffer.from(hex, 'hex'));
}

function bitString(bytes) {
  return der(BIT_STRING, Buffer.from([0]), bytes); // 0: no unused bits at the end
}

function der(tag, ...contents) {
  const content = Buffer.concat(contents);
  const { length } = content;
  const header =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];

  return Buffer.concat([Buffer.from(header), content]);
}

function pem(label, bytes) {
  const lines = bytes.toString('base64').match(/.{1,64}/g);

  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

module.exports = { selfSigned };
