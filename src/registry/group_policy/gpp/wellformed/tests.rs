use super::*;

fn held(text: &str) -> Result<(), Error> {
    check(text, &Limits::default())
}

/// Whole documents that are well-formed.
const GOOD: [&str; 17] = [
    "<r/>",
    "<r></r>",
    "<r ></r >",
    "<?xml version=\"1.0\"?><r/>",
    "<?xml version='1.0' encoding='UTF-8' standalone='no' ?>\n<r/>\n",
    "<?xml\tversion = \"1.0\"\r\nencoding\n=\n'utf-8'?><r/>",
    "<!-- a - b --><r/><!----><?p?><?p a ? > b?>",
    "<?xml-stylesheet x?><r/>",
    "<r a='1' b = \"'\" c='>' d='&lt;&amp;&quot;&apos;&gt;&#9;&#x10FFFF;'/>",
    "<r>a ] ]] > \u{7f}\u{85}\u{fffd}\u{10ffff} &#65;</r>",
    "<r><![CDATA[<&]] ]> &x;]]></r>",
    "<r><a><b/></a><b></b></r>",
    "<r xmlns:x='u' x:a='1' a='2'><x:b xml:lang='en'/></r>",
    "<r xmlns:x='u' xmlns:y='v' x:a='1' y:a='2'/>",
    "<r xmlns=''/>",
    "<r xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
    "<_r.1-2/>",
];

/// Those that are not, or of which a parser may think so.
const BAD: [&str; 110] = [
    // Prolog.
    "",
    " ",
    "x",
    "<!-- -->",
    " <?xml version='1.0'?><r/>",
    "<!-- --><?xml version='1.0'?><r/>",
    "<?xml version='1.0'?><?xml version='1.0'?><r/>",
    "<?xml?><r/>",
    "<?xml ?><r/>",
    "<?xml version=1.0?><r/>",
    "<?xml version='1.0\"?><r/>",
    "<?xml version='1.1'?><r/>",
    "<?xml version='2.0'?><r/>",
    "<?xml version=' 1.0'?><r/>",
    "<?xml Version='1.0'?><r/>",
    "<?XML version='1.0'?><r/>",
    "<?xml encoding='utf-8'?><r/>",
    "<?xml encoding='utf-8' version='1.0'?><r/>",
    "<?xml version='1.0'encoding='utf-8'?><r/>",
    "<?xml version='1.0' encoding=''?><r/>",
    "<?xml version='1.0' encoding='utf 8'?><r/>",
    "<?xml version='1.0' encoding='utf-16'?><r/>",
    "<?xml version='1.0' encoding='8bit'?><r/>",
    "<?xml version='1.0' encoding='latin-1'?><r/>",
    "<?xml version='1.0' standalone='yes' encoding='utf-8'?><r/>",
    "<?xml version='1.0' standalone='maybe'?><r/>",
    "<?xml version='1.0' standalone='YES'?><r/>",
    "<?xml version='1.0' other='x'?><r/>",
    "<?xml version='1.0' version='1.0'?><r/>",
    "<?xml version='1.0'><r/>",
    "<?xml version='1.0'? ><r/>",
    "<?xml version='1.0'",
    "\u{feff}<r/>",
    "<!DOCTYPE r><r/>",
    "<!DOCTYPE r [<!ENTITY a 'b'>]><r>&a;</r>",
    "<!doctype r><r/>",
    // Comments and instructions.
    "<r><!-- a -- b --></r>",
    "<r><!-- a ---></r>",
    "<r><!-- a </r>",
    "<r><!- a --></r>",
    "<r><! a></r>",
    "<r><?xml version='1.0'?></r>",
    "<r><?XmL x?></r>",
    "<r><?p x></r>",
    "<r><? p?></r>",
    "<r><?1?></r>",
    "<r><?p\"x?></r>",
    "<r><?a:b x?></r>",
    "<r/><?xml version='1.0'?>",
    // Text and references.
    "<r>]]></r>",
    "<r>a & b</r>",
    "<r>&</r>",
    "<r>&;</r>",
    "<r>&x;</r>",
    "<r>&nbsp;</r>",
    "<r>&lt</r>",
    "<r>&LT;</r>",
    "<r>&#;</r>",
    "<r>&#x;</r>",
    "<r>&#X41;</r>",
    "<r>&#a;</r>",
    "<r>&# 65;</r>",
    "<r>&#+65;</r>",
    "<r>&#0;</r>",
    "<r>&#1;</r>",
    "<r>&#xB;</r>",
    "<r>&#xD800;</r>",
    "<r>&#xFFFE;</r>",
    "<r>&#65535;</r>",
    "<r>&#x110000;</r>",
    "<r>&#99999999999999999999;</r>",
    "<r>\u{1}</r>",
    "<r>\0</r>",
    "<r>\u{b}</r>",
    "<r>\u{1f}</r>",
    "<r>\u{fffe}</r>",
    "<r>\u{ffff}</r>",
    "<r/>\0",
    "<r/>x",
    "<r/>&#32;",
    "<r/>&amp;",
    "x<r/>",
    "<![CDATA[]]><r/>",
    "<r/><![CDATA[]]>",
    "<r><![CDATA[</r>",
    "<r><![cdata[]]></r>",
    // Elements and attributes.
    "<r>",
    "<r",
    "<",
    "</r>",
    "<r></s>",
    "<r><a></r></a>",
    "<r/><r/>",
    "<r/></r>",
    "< r/>",
    "<r></ r>",
    "<r / >",
    "<r></r x=''>",
    "<1/>",
    "<-r/>",
    "<r$/>",
    "<r\u{e9}/>",
    "<r a/>",
    "<r a=/>",
    "<r a=1/>",
    "<r a='1'b='2'/>",
    "<r a='1' a='2'/>",
    "<r a='<'/>",
    "<r a='&x;'/>",
    "<r a='1/>",
];

/// Names of namespaces.
const UNNAMED: [&str; 15] = [
    "<x:r/>",
    "<r x:a='1'/>",
    "<r><a xmlns:x='u'/><x:b/></r>",
    "<r><a xmlns:x='u'></a><x:b/></r>",
    "<r xmlns:x=''/>",
    "<r xmlns:x='u' xmlns:y='u' x:a='1' y:a='2'/>",
    "<r xmlns:x='u&#65;' xmlns:y='uA' x:a='1' y:a='2'/>",
    "<r xmlns:xmlns='u'/>",
    "<r xmlns:xml='u'/>",
    "<r xmlns:x='http://www.w3.org/XML/1998/namespace'/>",
    "<r xmlns:x='http://www.w3.org/2000/xmlns/'/>",
    "<r xmlns='u'/>",
    "<:r/>",
    "<r: xmlns:r='u'/>",
    "<a:b:c xmlns:a='u'/>",
];

#[test]
fn a_document_is_well_formed_or_it_is_not() {
    for good in GOOD {
        assert_eq!(held(good), Ok(()), "{good:?}");
    }
    for bad in BAD.iter().chain(&UNNAMED) {
        assert!(held(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn an_error_says_on_which_line() {
    for (text, line) in [("<r>\n\n&x;</r>", 3), ("<r>\n\u{1}</r>", 2), ("<r>\n<a>\n</b></r>", 3), ("\n\n", 3)] {
        assert_eq!(held(text).unwrap_err().at(), At::Line(line), "{text:?}");
    }
}

#[test]
fn what_is_large_costs_no_more_than_its_size() {
    let begun = std::time::Instant::now();
    let elements: String = (0..20_000).map(|n| format!("<a xmlns:p{n}='u{n}' p{n}:a='&#{};'>", n + 100)).collect();
    let text = format!("<r>{}{elements}{}</r>", "&amp;]".repeat(50_000), "</a>".repeat(20_000));
    assert_eq!(held(&text), Ok(()));
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}
