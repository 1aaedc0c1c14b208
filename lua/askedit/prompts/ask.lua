--- A question in the user's own words, about the selected code if there is some.
return {
  description = 'ask in your own words',
  context = 'optional',
  system = 'You are an experienced programmer who answers questions inside a text editor. '
    .. 'Be brief and exact. Write Markdown.',
  template = '{{text}}',
}
