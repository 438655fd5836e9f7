"""Writes the malformed files of text, jsonl and idx, into the folder of this script.

The errors they must give are in the expected.txt of each folder, which was read line by line.
"""
import gzip
import pathlib
import struct

HERE = pathlib.Path(__file__).parent


def put(kind, name, content):
    (HERE / kind).mkdir(exist_ok=True)
    (HERE / kind / name).write_bytes(content)


def idx(shape, values, kind=0x08, rank=None):
    rank = len(shape) if rank is None else rank
    return struct.pack(">BBBB", 0, 0, kind, rank) + b"".join(struct.pack(">I", s) for s in shape) + values


# Text.
put("text", "latin-1.txt", "one\nüber\n".encode("latin-1"))
put("text", "overlong.txt", b"\xc0\xaf")
put("text", "surrogate.txt", b"a\nb\n\xed\xa0\x80")
put("text", "cut-character.txt", "a\né".encode()[:-1])
put("text", "beyond-unicode.txt", b"\xf4\x90\x80\x80")
put("text", "utf-16.txt", "hello".encode("utf-16"))

# JSONL.
GOOD = b'{"text":"hello","label":"a"}\n'
put("jsonl", "empty.jsonl", b"")
put("jsonl", "blank.jsonl", b"\n \n\t\r\n")
put("jsonl", "one-class.jsonl", GOOD + GOOD)
put("jsonl", "no-json.jsonl", GOOD + b"hello\n")
put("jsonl", "csv.jsonl", b"text,label\nhello,a\n")
put("jsonl", "array.jsonl", b'["hello","a"]\n')
put("jsonl", "whole-file-array.jsonl", b'[\n{"text":"hello","label":"a"},\n]\n')
put("jsonl", "string.jsonl", b'"hello"\n')
put("jsonl", "null.jsonl", b"null\n")
put("jsonl", "two-on-a-line.jsonl", b'{"text":"a","label":"x"} {"text":"b","label":"y"}\n')
put("jsonl", "cut.jsonl", GOOD + b'{"text":"hello","la')
put("jsonl", "single-quotes.jsonl", b"{'text':'hello','label':'a'}\n")
put("jsonl", "comment.jsonl", b'{"text":"hello",/* */"label":"a"}\n')
put("jsonl", "duplicate-key.jsonl", b'{"text":"hello","text":"bye","label":"a"}\n')
put("jsonl", "control-character.jsonl", b'{"text":"hel\x01lo","label":"a"}\n')
put("jsonl", "byte-order-mark.jsonl", b"\xef\xbb\xbf" + GOOD)
put("jsonl", "latin-1.jsonl", '{"text":"über","label":"a"}\n'.encode("latin-1"))
put("jsonl", "deep.jsonl", b'{"text":"a","label":"b","more":' + b"[" * 1000 + b"]" * 1000 + b"}\n")
put("jsonl", "text-missing.jsonl", GOOD + b'{"label":"b"}\n')
put("jsonl", "text-null.jsonl", b'{"text":null,"label":"b"}\n')
put("jsonl", "text-number.jsonl", b'{"text":5,"label":"b"}\n')
put("jsonl", "text-array.jsonl", b'{"text":["a"],"label":"b"}\n')
put("jsonl", "text-empty.jsonl", b'{"text":"","label":"b"}\n')
put("jsonl", "text-blank.jsonl", b'{"text":" \\n ","label":"b"}\n')
put("jsonl", "text-too-long.jsonl", b'{"text":"' + b"a" * 65537 + b'","label":"b"}\n')
put("jsonl", "label-missing.jsonl", GOOD + b"\n" + b'{"text":"hello"}\n')
put("jsonl", "label-null.jsonl", b'{"text":"hello","label":null}\n')
put("jsonl", "label-true.jsonl", b'{"text":"hello","label":true}\n')
put("jsonl", "label-fraction.jsonl", b'{"text":"hello","label":0.5}\n')
put("jsonl", "label-object.jsonl", b'{"text":"hello","label":{"name":"a"}}\n')
put("jsonl", "label-empty.jsonl", b'{"text":"hello","label":""}\n')
put("jsonl", "label-too-long.jsonl", b'{"text":"hello","label":"' + b"a" * 129 + b'"}\n')
put("jsonl", "label-nan.jsonl", b'{"text":"hello","label":NaN}\n')
put("jsonl", "label-65-digits.jsonl", b'{"text":"hello","label":' + b"1" * 65 + b"}\n")
put("jsonl", "27-classes.jsonl", b"".join(b'{"text":"hello","label":%d}\n' % i for i in range(27)))

# IDX, taken for images: rank 3.
IMAGES = idx([2, 3, 4], bytes(24))
put("idx", "empty.idx", b"")
put("idx", "three-bytes.idx", IMAGES[:3])
put("idx", "header-only-magic.idx", IMAGES[:4])
put("idx", "header-cut.idx", IMAGES[:15])
put("idx", "header-only.idx", IMAGES[:16])
put("idx", "one-byte-short.idx", IMAGES[:-1])
put("idx", "one-byte-long.idx", IMAGES + b"\0")
put("idx", "little-endian.idx", b"\0\0\x08\x03" + struct.pack("<III", 2, 3, 4) + bytes(24))
put("idx", "magic.idx", b"\x01" + IMAGES[1:])
put("idx", "second-magic.idx", b"\0\x01" + IMAGES[2:])
put("idx", "type-0.idx", idx([2, 3, 4], bytes(24), kind=0))
put("idx", "signed-bytes.idx", idx([2, 3, 4], bytes(24), kind=0x09))
put("idx", "shorts.idx", idx([2, 3, 4], bytes(48), kind=0x0B))
put("idx", "floats.idx", idx([2, 3, 4], bytes(96), kind=0x0D))
put("idx", "doubles.idx", idx([2, 3, 4], bytes(192), kind=0x0E))
put("idx", "rank-0.idx", idx([], b"\0", rank=0))
put("idx", "rank-1.idx", idx([24], bytes(24)))
put("idx", "rank-4.idx", idx([2, 3, 4, 1], bytes(24)))
put("idx", "rank-255.idx", idx([2, 3, 4], bytes(24), rank=255))
put("idx", "no-images.idx", idx([0, 3, 4], b""))
put("idx", "no-height.idx", idx([2, 0, 4], b""))
put("idx", "minus-1.idx", idx([2, 0xFFFFFFFF, 4], bytes(24)))
put("idx", "count-2-to-31.idx", idx([0x80000000, 3, 4], bytes(24)))
put("idx", "product-2-to-32.idx", idx([65536, 65536, 1], bytes(24)))
put("idx", "product-2-to-64.idx", idx([0x7FFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF], bytes(24)))
put("idx", "one-past-limit.idx", idx([(512 << 20) + 1, 1, 1], bytes(24)))
put("idx", "compressed.idx", gzip.compress(IMAGES, mtime=0))
put("idx", "png.idx", b"\x89PNG\r\n\x1a\n" + bytes(8))
