/** The icon of the console. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#1d4ed8"/><path d="M7 25V14a9 9 0 0 1 18 0v11M12 25V15M16 25V14M20 25V15" fill="none" stroke="#fff" stroke-width="2.5" stroke-linecap="round"/></svg>`;
