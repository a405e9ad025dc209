'use strict';

/** Of all documents, in pixels. */
const width = 860;
const margin = 16;

/** Legible on white and on near-black alike. */
const ink = '#757b84';

/**
 * @param {number} height
 * @param {string} heading
 * @param {string} explanation A line below it
 * @param {string[]} parts Elements
 * @return {string} An SVG document without a background
 */
function document(height, heading, explanation, parts) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
      `width="${width}" height="${height}" font-family="system-ui, ` +
      `sans-serif" font-size="13" fill="${ink}" role="img" ` +
      'aria-labelledby="title">',
    `<title id="title">${heading}</title>`,
    text(margin, 24, heading, 'font-size="17" font-weight="600"'),
    text(margin, 46, explanation),
    ...parts,
    '</svg>',
    ''
  ].join('\n');
}

function text(x, y, content, attributes = '') {
  return `<text x="${tidy(x)}" y="${tidy(y)}" ${attributes}>${escape(content)}</text>`;
}

function tidy(number) {
  return Number(number.toFixed(1));
}

function escape(content) {
  return content.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
}

function capital(content) {
  return content[0].toUpperCase() + content.slice(1);
}

module.exports = { capital, document, ink, margin, text, tidy, width };
