'use strict';

/**
 * Makes the smallest files that have what scripts/platforms reads: no program
 * would load them.
 */

const SHT_STRTAB = 3;
const SHT_DYNAMIC = 6;
const SHT_DYNSYM = 11;
const SHT_VERNEED = 0x6ffffffe;

/**
 * @param {Object} contents
 * @param {Boolean} [contents.bigEndian=false] The order of bytes
 * @param {Number} contents.machine `e_machine`
 * @param {String[]} [contents.exports] Names of functions
 * @param {String[]} [contents.imports] Names that are to be found elsewhere
 * @param {String[]} [contents.needed] Names of libraries
 * @param {String[]} [contents.versions] Such as `GLIBC_2.17`
 * @param {Boolean} [contents.wide=true] Whether it is of 64 bits
 * @return {Buffer} An ELF file
 */
function elf({
  bigEndian = false,
  exports: exported = [],
  imports = [],
  machine,
  needed = [],
  versions = [],
  wide = true
}) {
  const number = numbers(bigEndian);
  const word = wide ? number.u64 : number.u32;
  const strings = stringTable();
  const symbol = (name, section) =>
    wide
      ? [
          number.u32(strings.add(name)),
          [0x12, 0],
          number.u16(section),
          word(0),
          word(0)
        ]
      : [
          number.u32(strings.add(name)),
          word(0),
          word(0),
          [0x12, 0],
          number.u16(section)
        ];
  const local = wide ? Buffer.alloc(24) : Buffer.alloc(16);
  const sections = [
    { type: SHT_STRTAB, bytes: () => strings.bytes() },
    {
      type: SHT_DYNAMIC,
      bytes: () =>
        join(
          needed.map((name) => [word(1), word(strings.add(name))]),
          [word(0), word(0)]
        )
    },
    {
      type: SHT_DYNSYM,
      entrySize: wide ? 24 : 16,
      bytes: () =>
        join(
          [local],
          exported.map((name) => symbol(name, 7)),
          imports.map((name) => symbol(name, 0))
        )
    },
    {
      type: SHT_VERNEED,
      info: versions.length > 0 ? 1 : 0,
      bytes: () =>
        join(
          [number.u16(1), number.u16(versions.length), number.u32(0)],
          [number.u32(16), number.u32(0)],
          versions.map((name) => [
            ...[number.u32(0), number.u16(0), number.u16(2)],
            ...[number.u32(strings.add(name)), number.u32(16)]
          ])
        )
    }
  ];
  // The strings come last in the making, as the others add to them.
  const bodies = new Map(
    sections.toReversed().map((section) => [section, section.bytes()])
  );
  const headerSize = wide ? 64 : 52;
  const entry = wide ? 64 : 40;
  let offset = headerSize;
  const table = sections.map((section) => {
    const { entrySize = 0, info = 0, type } = section;
    const size = bodies.get(section).length;
    const row = join(
      [number.u32(0), number.u32(type), word(0), word(0), word(offset)],
      [word(size), number.u32(0), number.u32(info), word(1), word(entrySize)]
    );
    offset += size;
    return row;
  });

  return join(
    [[0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, bigEndian ? 2 : 1, 1, 0]],
    [Buffer.alloc(8), number.u16(3), number.u16(machine), number.u32(1)],
    [word(0), word(0), word(offset), number.u32(0), number.u16(headerSize)],
    [number.u16(0), number.u16(0), number.u16(entry)],
    [number.u16(sections.length), number.u16(0)],
    sections.map((section) => bodies.get(section)),
    table,
    // Long enough to be taken for one, however little is in it.
    [Buffer.alloc(64)]
  );
}

/**
 * @param {Object} contents
 * @param {Number} contents.machine As Windows numbers them
 * @param {String[]} [contents.exports] Names of functions
 * @param {String[]} [contents.needed] Names of DLLs
 * @param {Boolean} [contents.wide=true] Whether it is of 64 bits
 * @return {Buffer} A DLL
 */
function dll({ exports: exported = [], machine, needed = [], wide = true }) {
  const { u16, u32 } = numbers(false);
  // In memory the section is not where it is in the file.
  const address = 0x3000;
  const optionalSize = (wide ? 112 : 96) + 16;
  const start = 64 + 24 + optionalSize + 40;
  const strings = stringTable();
  const tables = 40 + exported.length * 4 + (needed.length + 1) * 20;
  const nameAt = (name) => address + tables + strings.add(name);
  const body = join(
    [Buffer.alloc(24), u32(exported.length), u32(0), u32(address + 40)],
    [u32(0)],
    exported.map((name) => u32(nameAt(name))),
    needed.map((name) => [Buffer.alloc(12), u32(nameAt(name)), u32(0)]),
    [Buffer.alloc(20)]
  );
  const contents = join([body, strings.bytes()]);
  const imports = address + 40 + exported.length * 4;

  return join(
    [Buffer.from('MZ'), Buffer.alloc(58), u32(64), Buffer.from('PE\0\0')],
    [u16(machine), u16(1), Buffer.alloc(12), u16(optionalSize), u16(0)],
    [u16(wide ? 0x20b : 0x10b), Buffer.alloc((wide ? 112 : 96) - 2)],
    [u32(exported.length > 0 ? address : 0), u32(0)],
    [u32(needed.length > 0 ? imports : 0), u32(0)],
    [Buffer.alloc(12), u32(address), u32(contents.length), u32(start)],
    [Buffer.alloc(16), contents]
  );
}

/**
 * @param {Object} contents
 * @param {Number} contents.processor As Apple numbers them
 * @param {String[]} [contents.exports] Names of functions
 * @param {String[]} [contents.imports] Names that are to be found elsewhere
 * @param {Number[]} [contents.minimum] Two parts of a version of macOS
 * @param {String[]} [contents.needed] Paths of libraries
 * @param {Boolean} [contents.signed=true] Whether it says it has a signature
 * @return {Buffer} A library of macOS
 */
function dylib({
  exports: exported = [],
  imports = [],
  minimum = [11, 0],
  needed = [],
  processor,
  signed = true
}) {
  const { u32, u64, u16 } = numbers(false);
  const command = (type, ...parts) => {
    const body = join(parts);
    return join([u32(type), u32(8 + body.length), body]);
  };
  const strings = stringTable();
  const symbols = join(
    exported.map((name) => [
      u32(strings.add(`_${name}`)),
      [0x0f, 1],
      u16(0),
      u64(0)
    ]),
    imports.map((name) => [
      u32(strings.add(`_${name}`)),
      [0x01, 0],
      u16(0),
      u64(0)
    ]),
    // Of a debugger, and of this library alone.
    [[u32(strings.add('_stab')), [0x2f, 1], u16(0), u64(0)]],
    [[u32(strings.add('_local')), [0x0e, 1], u16(0), u64(0)]]
  );
  const others = [
    ...needed.map((name) =>
      command(0xc, u32(24), Buffer.alloc(12), Buffer.from(`${name}\0`))
    ),
    command(0x32, u32(1), u32((minimum[0] << 16) | (minimum[1] << 8)), u64(0)),
    ...(signed ? [command(0x1d, u64(0))] : [])
  ];
  const sizes = others.reduce((sum, { length }) => sum + length, 24);
  const table = command(
    0x2,
    ...[u32(32 + sizes), u32(symbols.length / 16)],
    ...[u32(32 + sizes + symbols.length), u32(0)]
  );

  return join(
    [u32(0xfeedfacf), u32(processor), u32(0), u32(6)],
    [u32(others.length + 1), u32(sizes), u64(0)],
    [table, others, symbols, strings.bytes()]
  );
}

module.exports = { dll, dylib, elf };

function numbers(bigEndian) {
  const of = (size) => (value) => {
    const bytes = Buffer.alloc(size);

    for (let i = 0, rest = value; i < size; i++) {
      bytes[bigEndian ? size - 1 - i : i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    return bytes;
  };
  return { u16: of(2), u32: of(4), u64: of(8) };
}

function stringTable() {
  let text = '\0';

  return {
    add(name) {
      const at = text.length;
      text += `${name}\0`;
      return at;
    },
    bytes: () => Buffer.from(text, 'latin1')
  };
}

function join(...parts) {
  return Buffer.concat(
    parts
      .flat(Infinity)
      .map((part) => (typeof part === 'number' ? Buffer.from([part]) : part))
  );
}
