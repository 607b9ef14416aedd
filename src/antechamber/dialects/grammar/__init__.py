"""JSON Schema as a grammar that a sampler can follow, and the knowledge of how faithful it is.

What comes in is a JSON Schema 2020-12; what goes out is text in llama.cpp's GBNF. Every sentence of
an exact grammar is a JSON text that is valid against its schema. A grammar may be narrower than its
schema (one order of keys, numbers of at most 15 digits, no extra keys beside declared ones); where
it had to be wider, it lists the keywords that it does not express, so that the caller can check
what comes out. Nothing is dropped silently.

    compile         the two entries: ``compile_schema``, ``compile_choices``
    limits          how large a grammar may become; the two refusals
    values          a schema's values, kind by kind, each rule once
    branches        in-place applicators resolved: which plain schemas must hold together
    negation        the opposite of a schema, and where it can be said
    overlap         whether two branches of ``oneOf`` can both hold
    places          schemas and where they stand; references
    objects arrays strings numbers literals      one kind of value each
    patterns automata spelling charsets formats  regular languages of strings
    vocabulary      rules for JSON without a schema
    rules notation  named rules, the grammar's text
"""
