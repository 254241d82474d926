/* What hawser-cni reads itself of the network config on its standard input. */
#include <stdint.h>
#include <string.h>

/* The keys of the network config that this program reads itself: the last one of a name counts, as in JSON. */
static struct field { const char *key; char value[4096]; } fields[] = {
    {"socket", "/run/hawser/cni.sock"}, {"tombstones", "/var/lib/hawser/tombstones"}, {"cniVersion", ""}, {"name", ""}};

static int hex4(const char *at, const char *end) {
  int value = 0;
  for (int i = 0; i < 4; i++) {
    const char *digits = "0123456789abcdef", *digit = at + i < end && at[i] ? strchr(digits, at[i] | 32) : NULL;
    if (digit == NULL) return -1;
    value = value << 4 | (int)(digit - digits);
  }
  return value;
}

static size_t utf8(char *to, uint32_t c) {
  size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (size_t i = length - 1; i > 0; i--, c >>= 6) to[i] = (char)(0x80 | (c & 63));
  to[0] = (char)(length == 1 ? c : (0xf0 << (4 - length)) | c);
  return length;
}

/*
 * Decodes the JSON string that begins after the quote at `at` into `out`; returns where it goes on, NULL when it
 * does not end. One that is longer than `out`, or holds a NUL, becomes the impossible value "\1".
 */
static const char *string(const char *at, const char *end, char *out, size_t size) {
  size_t used = 0, bad = 0;
  while (at < end && *at != '"') {
    char piece[4] = {*at};
    size_t length = 1;
    if (*at++ == '\\') {
      if (at >= end) return NULL;
      const char *plain = strchr("\"\"\\\\//b\bf\fn\nr\rt\t", *at);
      int unit = *at == 'u' ? hex4(at + 1, end) : -1;
      if (unit >= 0) {
        uint32_t c = (uint32_t)unit;
        at += 5;
        int low = c >> 10 == 0x36 && end - at >= 6 && at[0] == '\\' && at[1] == 'u' ? hex4(at + 2, end) : -1;
        if (low >> 10 == 0x37) { c = 0x10000 + ((c & 0x3ff) << 10 | ((uint32_t)low & 0x3ff)); at += 6; }
        length = utf8(piece, c);
      } else {
        bad |= *at == '\0' || plain == NULL;
        piece[0] = plain && *at++ ? plain[1] : '?';
      }
    }
    bad |= piece[0] == '\0' || used + length >= size;
    if (!bad) { memcpy(out + used, piece, length); used += length; }
  }
  if (bad) { out[0] = '\1'; used = 1; }
  out[used] = '\0';
  return at < end ? at + 1 : NULL;
}

/* Finds our keys at the top level of the config; says whether it is one object, as far as quotes and brackets tell. */
static int scan(const char *at, const char *end) {
  static char key[4096], value[4096];
  enum { KEY, AFTER_KEY, VALUE, AFTER_VALUE } state = AFTER_VALUE;
  int depth = 0, whole = 0;
  for (; at < end; at++) {
    if (strchr(" \t\r\n", *at)) continue;
    if (depth == 0 && (whole || *at != '{')) return 0;
    if (*at == '"') {
      at = string(at + 1, end, depth == 1 && state == KEY ? key : value, sizeof key);
      if (at == NULL) return 0;
      at--;
      if (depth == 1 && state == VALUE)
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
          if (strcmp(fields[i].key, key) == 0 && *value) strcpy(fields[i].value, value);
      if (depth == 1) state = state == KEY ? AFTER_KEY : AFTER_VALUE;
    } else if (*at == '{' || *at == '[') {
      if (++depth == 1) state = KEY;
    } else if (*at == '}' || *at == ']') {
      whole = --depth == 0;
      if (depth == 1) state = AFTER_VALUE;
    } else if (depth == 1 && *at == ':') state = VALUE;
    else if (depth == 1 && *at == ',') state = KEY;
  }
  return whole;
}
