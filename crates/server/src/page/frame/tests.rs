//! To come with the templates.
