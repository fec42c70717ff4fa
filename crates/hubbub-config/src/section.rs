//! How a section of the file is defined: one macro call gives the struct, its rustdoc and the table that everything
//! else (reading, checking, `hubbub init`, the reference page) works from.

use crate::land::Land;
use crate::problem::did_you_mean;
use crate::value::Kind;

/// One setting: all that is known about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    raw_name: &'static str,
    /// The lines of its description.
    pub(crate) doc: &'static [&'static str],
    /// Its default.
    pub(crate) default: Default,
    /// Its kind and range.
    pub(crate) kind: Kind,
}

/// What holds when a setting is not written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Default {
    /// This value, as it would be written in the file.
    Is(&'static str),
    /// No value; this is an example of one, as it would be written in the file.
    Unset(&'static str),
}

impl Setting {
    pub(crate) const fn new(
        raw_name: &'static str,
        doc: &'static [&'static str],
        default: Default,
        kind: Kind,
    ) -> Self {
        Self { raw_name, doc, default, kind }
    }

    /// Its name in the file (`match` is a keyword of Rust, so that field is `r#match`).
    pub(crate) fn name(&self) -> &'static str {
        self.raw_name.trim_start_matches("r#")
    }
}

/// A section: its name, what it is about, its settings in order.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static [&'static str],
    pub(crate) settings: &'static [Setting],
}

impl Sheet {
    pub(crate) fn find(&self, name: &str) -> Option<&'static Setting> {
        self.settings.iter().find(|setting| setting.name() == name)
    }

    /// Why `name` is refused: it is not here. Says which one was probably meant.
    pub(crate) fn unknown(&self, name: &str) -> String {
        let hint = did_you_mean(name, self.settings.iter().map(Setting::name));
        format!("there is no such setting{hint}")
    }
}

/// A struct that holds the settings of one section.
pub(crate) trait Section {
    /// What the section says about itself.
    fn sheet(&self) -> &'static Sheet;
    /// The field that `setting` lands in.
    fn field(&mut self, setting: &Setting) -> &mut dyn Land;
}

/// Defines a section: a struct whose every field has its description (which is also its rustdoc), its type, its default
/// and its kind.
macro_rules! section {
    ($(#[doc = $about:literal])+ $section:literal $Type:ident {
        $( $(#[doc = $doc:literal])+ $field:ident: $ty:ty = $default:expr, $kind:expr; )+
    }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $Type { $( $(#[doc = $doc])+ pub $field: $ty, )+ }

        impl $Type {
            pub(crate) const SHEET: $crate::section::Sheet = $crate::section::Sheet {
                name: $section,
                doc: &[$($about),+],
                settings: &[ $( $crate::section::Setting::new(stringify!($field), &[$($doc),+], $default, $kind) ),+ ],
            };

            /// All fields empty: what the defaults are put into.
            pub(crate) fn blank() -> Self {
                Self { $( $field: <$ty as $crate::land::Land>::blank() ),+ }
            }
        }

        impl $crate::section::Section for $Type {
            fn sheet(&self) -> &'static $crate::section::Sheet {
                &Self::SHEET
            }

            fn field(&mut self, setting: &$crate::section::Setting) -> &mut dyn $crate::land::Land {
                $( if setting.name() == stringify!($field).trim_start_matches("r#") { return &mut self.$field; } )+
                unreachable!("a section is only asked for settings of its own sheet")
            }
        }
    };
}
pub(crate) use section;
