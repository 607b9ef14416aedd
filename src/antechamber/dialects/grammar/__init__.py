"""JSON Schema as a grammar that a sampler can follow, and the knowledge of how faithful it is.

What comes in is a JSON Schema 2020-12; what goes out is text in llama.cpp's GBNF. Every sentence of
an exact grammar is a JSON text that is valid against its schema. A grammar may be narrower than its
schema (one order of keys, numbers of at most 15 digits, no keys beside declared ones, few levels of
recursion); where it had to be wider, it lists the keywords that it does not express, so that the
caller can check what comes out. Nothing is dropped silently.

    compile       the two entries: ``compile_schema``, ``compile_choices``
    limits        how large a grammar may become, and the two refusals

    places        schemas and where they stand; references
    demands       schemas that must hold together; ``branches`` finds all of them for a value,
                  ``applicators`` says what ``$ref``, ``anyOf`` and their like add, ``negation`` and
                  ``overlap`` serve ``not`` and ``oneOf``
    values        a demand's values, kind by kind; ``context`` is what the kinds ask of it
    objects       with ``properties``; ``arrays``; both use ``sequences`` and ``repetition``
    strings       with ``formats``, ``patterns``, ``automata`` over ``charsets``, ``spelling``
    numbers       with ``digits``
    listing       ``const`` and ``enum``, with ``literals`` and, where a validator decides,
                  ``judgement``

    vocabulary    the rules of JSON without a schema
    rules         named rules, and the text of the whole; ``notation`` is that of a single one
    unrolling     rules that lead back to themselves, up to a last level
"""
