throw new Error('there is no lamp');
