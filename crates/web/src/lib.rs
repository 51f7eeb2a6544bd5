//! The pages: server-rendered HTML over the store.
