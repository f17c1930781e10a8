/* json_shape.h - what a decoder remembers of the objects it has met, so that the next alike is built faster.
** A shape stands for one place in a document, such as data.items[].meta. It lists the members met there in their order,
** each with its key as a Lua string, a few of its last texts, and the shape of what is inside it. */
#ifndef APIFY_JSON_SHAPE_H
#define APIFY_JSON_SHAPE_H

#include "compat.h"
#include "json_lex.h"

#pragma GCC visibility push(hidden)

#define MAX_LEARNED 4096              /* members and shapes of one decoder together: about 600 KB */
#define MAX_MEMBERS 256               /* of one shape: more are a map with free keys, not worth learning */
#define MAX_LEARNED_KEY 128           /* bytes */
#define MAX_LEARNED_TEXT 256          /* bytes */
#define TEXTS 4                       /* texts remembered of one member: each has its place by a hash */
#define MAX_MISSES 16                 /* the texts of a member that brought so many new ones in a row are not remembered */
#define MAX_PROBES 8                  /* members tried in a shape that is full */

typedef struct shape shape;
typedef struct member member;

typedef struct text {
  const byte *bytes;                  /* inside a Lua string that the table of strings keeps alive; NULL: none */
  size_t len;
} text;

struct member {
  text key;                           /* at 'slot' in the table of strings */
  member *following;                  /* in the order in which documents have them */
  shape *inside;                      /* of the value, if it is an object or an array; made when first met */
  text last[TEXTS];                   /* texts it had as its value, at 'slot + 1' and on */
  int slot;
  int index;                          /* which of the shape's members this was to be learned */
  int arg;                            /* of the constructor, from 1; 0: unknown to it */
  byte misses, is_skipped;
};

struct shape {
  shape *older;                       /* the decoder's list of all shapes */
  shape *rest;                        /* of an array's elements, and of members that are not listed */
  member *first;
  size_t array_size;                  /* of the last array here */
  size_t object_size[2];              /* members of the last two objects here */
  int count;                          /* members listed */
  int constructor;                    /* its slot in the table of strings; 0: none */
  int args;                           /* of the constructor */
  byte is_picky;                      /* only picked members are built */
  byte builds, quiet, sparse;         /* constructors made; objects since a member was learned; objects mostly absent */
};

typedef enum json_place { PLACE_DOCUMENT, PLACE_ENVELOPE, PLACE_ROW, PLACES } json_place;

typedef struct decoder {
  shape root[PLACES];
  shape *newest;
  int learned;                        /* members and shapes */
  int slots;                          /* used in the table of strings */
  int picks;                          /* names picked, at the slots from FIRST_PICK on */
  int active;                         /* decodes under way: more than one when a finalizer decodes too */
  byte keeps_nulls;
  byte is_raw;                        /* rows are given as their text */
} decoder;

#define SLOT_ARRAY_MARK 1             /* in the table of strings: the metatable of empty arrays */
#define FIRST_PICK 2

/* Release all that is learned, in C; the table of strings is the caller's. Safe to call twice. */
void shapes_free (decoder *d);

/* The shape at *at, made if there is none yet; NULL if there is no room to learn more. */
shape *shape_at (decoder *d, shape **at);

/* Add the member whose key is the string on top, behind 'previous' (NULL: as the first). NULL if it cannot be learned.
** 'strings' is the stack index of the table of strings. The stack stays as it was. */
member *shape_learn (lua_State *L, int strings, decoder *d, shape *s, member *previous);

/* Remember the string on top as the member's text in place 'place'. The stack stays as it was. */
void member_remember (lua_State *L, int strings, member *m, int place);

/* Is the string on top one of the picked names? The stack stays as it was. */
int decoder_picks (lua_State *L, int strings, const decoder *d);

/* Compile a function that builds an object of this shape from its members' values, if that is worth it. */
void shape_compile (lua_State *L, int strings, decoder *d, shape *s);

/* Build no more objects of this shape with a constructor: they lack most of its members. */
void shape_give_up (shape *s);

/* The place among a member's last texts of the one at 'p', which is not empty. */
static inline int text_place (const byte *p, size_t len) {
  size_t hash = len + p[0] + 3u * p[len >> 1] + 5u * p[len - 1];
  return (int)((hash ^ hash >> 3) % TEXTS);
}

/* Do the bytes at 'p', behind an opening quote, consist of this key? */
static inline int key_matches (const byte *p, const byte *end, const text *key) {
  return (size_t)(end - p) > key->len && p[key->len] == '"' && lex_same(p, key->bytes, key->len);
}

/* Search for a key beyond the two places where it is likely. */
member *shape_search (const shape *s, const member *from, const byte *p, const byte *end);

/* The member whose key is at 'p', behind its opening quote, likely the one that follows 'previous'; NULL if unknown. */
static inline member *shape_find (const shape *s, const member *previous, const byte *p, const byte *end) {
  member *m = previous == NULL ? s->first : previous->following;
  if (m != NULL) {
    if (key_matches(p, end, &m->key)) return m;
    m = m->following;
    if (m != NULL && key_matches(p, end, &m->key)) return m;
  }
  return shape_search(s, m, p, end);
}

#pragma GCC visibility pop

#endif
