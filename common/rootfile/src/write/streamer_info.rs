//! The list of streamer infos: how every class in the file is laid out, so that a reader
//! without these classes can still read it. The facts are those of ROOT 6.

use super::buffer::Buffer;

mod class;
use class::{CLASSES, Class, Member};

/// The `TList` of `TStreamerInfo`, as the payload of a key of `key_length` bytes.
pub(super) fn list(key_length: u32) -> Vec<u8> {
    let mut out = Buffer::new(key_length);
    out.versioned(5, |b| {
        b.root_object(0);
        b.string("");
        b.i32(CLASSES.len() as i32);
        for class in CLASSES {
            b.object("TStreamerInfo", |b| write_class(b, class));
            b.u8(0);
        }
    });
    out.into_bytes()
}

fn write_class(b: &mut Buffer, class: &Class) {
    b.versioned(9, |b| {
        b.named(class.name, "");
        b.u32(class.checksum);
        b.i32(class.version);
        b.object("TObjArray", |b| {
            b.object_array(class.members.len(), |b| {
                class
                    .members
                    .iter()
                    .for_each(|member| write_member(b, class, member));
            });
        });
    });
}

fn write_member(b: &mut Buffer, owner: &Class, member: &Member) {
    match *member {
        Member::Base(name) => write_base(b, name),
        Member::Value(name, number) => {
            b.object("TStreamerBasicType", |b| {
                b.versioned(2, |b| {
                    write_element(
                        b,
                        &Element::of(name, number.code(), number.size(), number.name()),
                    )
                });
            });
        }
        Member::Counted(name, number, count) => {
            let title = format!("[{count}]");
            let type_name = format!("{}*", number.name());
            b.object("TStreamerBasicPointer", |b| {
                b.versioned(2, |b| {
                    let element = Element::of(name, number.code() + 40, 8, &type_name);
                    write_element(
                        b,
                        &Element {
                            title: &title,
                            ..element
                        },
                    );
                    b.i32(owner.version);
                    b.string(count);
                    b.string(owner.name);
                });
            });
        }
        Member::Text(name) => plain(b, "TStreamerString", &Element::of(name, 65, 24, "TString")),
        Member::Object(name, class) => {
            plain(b, "TStreamerObject", &Element::of(name, 61, 64, class))
        }
        Member::Any(name, class, size) => {
            plain(b, "TStreamerObjectAny", &Element::of(name, 62, size, class))
        }
        Member::Pointer(name, class) => plain(
            b,
            "TStreamerObjectPointer",
            &Element::of(name, 64, 8, class),
        ),
    }
}

/// An element class that adds nothing to `TStreamerElement`.
fn plain(b: &mut Buffer, class: &'static str, element: &Element<'_>) {
    b.object(class, |b| b.versioned(2, |b| write_element(b, element)));
}

fn write_base(b: &mut Buffer, name: &'static str) {
    let base = CLASSES.iter().find(|class| class.name == name);
    let code = match name {
        "TNamed" => 67,
        "TObject" => 66,
        _ => 0,
    };
    b.object("TStreamerBase", |b| {
        b.versioned(3, |b| {
            let checksum = base.map_or(0, |class| class.checksum);
            write_element(
                b,
                &Element {
                    base_checksum: checksum,
                    ..Element::of(name, code, 0, "BASE")
                },
            );
            b.i32(base.map_or(0, |class| class.version));
        });
    });
}

/// The fields of a `TStreamerElement`.
struct Element<'a> {
    name: &'a str,
    title: &'a str,
    code: i32,
    size: i32,
    base_checksum: u32,
    type_name: &'a str,
}

impl<'a> Element<'a> {
    fn of(name: &'a str, code: i32, size: i32, type_name: &'a str) -> Self {
        Self {
            name,
            title: "",
            code,
            size,
            base_checksum: 0,
            type_name,
        }
    }
}

fn write_element(b: &mut Buffer, element: &Element<'_>) {
    b.versioned(4, |b| {
        b.named(element.name, element.title);
        b.i32(element.code);
        b.i32(element.size);
        b.i32(0); // array length
        b.i32(0); // array dimensions
        // Five array bounds, of which a base class uses the second for its checksum.
        [0, element.base_checksum, 0, 0, 0]
            .into_iter()
            .for_each(|bound| b.u32(bound));
        b.string(element.type_name);
    });
}
