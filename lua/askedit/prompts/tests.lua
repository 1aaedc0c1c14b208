--- Tests for the selected code. They belong into another file, so they are shown to be read and copied.
return {
  description = 'write tests for the selected code',
  context = 'selection',
  system = 'You are an experienced programmer who writes tests inside a text editor. Answer with one fenced '
    .. 'code block that is a whole test file, after at most three sentences. Write Markdown.',
  template = 'Write tests for this code with the usual test framework of its language: the normal cases, the '
    .. 'edges, and what should fail. {{text}}',
}
