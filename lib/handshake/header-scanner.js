'use strict';

const { tokenChars } = require('../validation');

const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Reads a header value made of tokens and separators from left to right
 * (RFC 9110, section 5.6). Every method throws a `SyntaxError` that names the
 * first character that cannot be there.
 */
class HeaderScanner {
  #index = 0;
  #value;

  /** @param {String} value The header value */
  constructor(value) {
    this.#value = value;
  }

  /**
   * Reads a token.
   *
   * @return {String} The token, never empty
   */
  token() {
    const start = this.#index;

    while (this.#atTokenCharacter()) this.#index++;

    if (this.#index === start) this.#fail();
    return this.#value.slice(start, this.#index);
  }

  /**
   * Reads a token that may be written as a quoted string. RFC 6455, section
   * 9.1: what remains once the quotes and escapes are taken off must be a token.
   *
   * @return {String} The token, never empty
   */
  tokenOrQuoted() {
    if (this.#code() !== QUOTE) return this.token();

    let token = '';

    this.#index++;

    while (this.#code() !== QUOTE || token === '') {
      if (this.#code() === BACKSLASH) this.#index++;
      if (!this.#atTokenCharacter()) this.#fail();
      token += this.#value[this.#index++];
    }

    this.#index++;
    return token;
  }

  /**
   * Steps over a character if it comes next.
   *
   * @param {String} character The character
   * @return {Boolean} `true` if it came next
   */
  skip(character) {
    if (this.#value[this.#index] !== character) return false;

    this.#index++;
    return true;
  }

  /**
   * Reads the separator after an item and the white space around it. White
   * space alone cannot end the value.
   *
   * @param {String} separators The characters that may separate two items
   * @return {String} The separator, or `''` at the end of the value
   */
  separator(separators) {
    if (this.#index === this.#value.length) return '';

    this.#skipWhiteSpace();

    const separator = this.#value.charAt(this.#index);

    if (separator === '' || !separators.includes(separator)) this.#fail();

    this.#index++;
    this.#skipWhiteSpace();
    return separator;
  }

  #skipWhiteSpace() {
    while (this.#code() === SPACE || this.#code() === TAB) this.#index++;
  }

  #atTokenCharacter() {
    return tokenChars[this.#code()] === 1;
  }

  /** The code of the next character, `NaN` at the end. */
  #code() {
    // What is no string and has no length ends at once, as with ws.
    return this.#index < this.#value.length
      ? this.#value.charCodeAt(this.#index)
      : NaN;
  }

  #fail() {
    throw new SyntaxError(
      this.#index < this.#value.length
        ? `Unexpected character at index ${this.#index}`
        : 'Unexpected end of input'
    );
  }
}

module.exports = HeaderScanner;
