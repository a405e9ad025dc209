/* Wine 8 has no bcryptprimitives.dll. Rust's standard library asks it for random bytes, by this
   function: so here it is, for tests. */

typedef unsigned char byte;

__declspec(dllimport) byte __stdcall SystemFunction036(void *bytes, unsigned long count);

__declspec(dllexport) int __stdcall ProcessPrng(byte *bytes, unsigned long long count) {
  while (count > 0) {
    unsigned long part = count < 65536 ? (unsigned long)count : 65536;

    if (!SystemFunction036(bytes, part)) return 0;
    bytes += part;
    count -= part;
  }
  return 1;
}
