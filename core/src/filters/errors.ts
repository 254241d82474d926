import { defineErrors } from '../errors/index.ts';

/** The filters' part of the error catalogue. */
export const filterErrors = defineErrors('filters', {
  invalid: {
    kind: 'InvalidArgument',
    remedy:
      'Write `field==value`, `field!=value`, `field~=regular expression` or `field` alone; a comma means and, another filter means or. Put what has other signs in double quotes.',
  },
});
