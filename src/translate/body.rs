//! Content of messages, both ways; its bounds are checked on the way in.

use std::borrow::Cow;

use crest_actors::conversation::{Body, Refusal};
use crest_actors::limits::{CHOICES_MAX, FIELD_MAX_BYTES, NAME_MAX_BYTES, TEXT_MAX_BYTES};
use crest_schema::frame;

use super::names::{option, text, texts};

pub(super) fn wire_body(body: &Body) -> frame::Body<'_> {
    match body {
        Body::Text(words) => frame::Body::Text(text(words)),
        Body::Image { url, alt, bytes } => frame::Body::Image {
            url: text(url),
            alt: text(alt),
            bytes: *bytes,
        },
        Body::File {
            url,
            name,
            media_type,
            bytes,
        } => frame::Body::File {
            url: text(url),
            name: text(name),
            media_type: text(media_type),
            bytes: *bytes,
        },
        Body::Card {
            title,
            text: words,
            url,
            image_url,
        } => frame::Body::Card {
            title: text(title),
            text: text(words),
            url: option(url),
            image_url: option(image_url),
        },
        Body::Choices {
            text: words,
            options,
        } => frame::Body::Choices {
            text: text(words),
            options: texts(options),
        },
    }
}

/// A client's body, within the domain's bounds or [`Refusal::TooLong`].
pub(super) fn domain_body(body: frame::Body<'static>) -> Result<Body, Refusal> {
    Ok(match body {
        frame::Body::Text(words) => Body::Text(long(words)?.into()),
        frame::Body::Image { url, alt, bytes } => Body::Image {
            url: field(url)?,
            alt: field(alt)?,
            bytes,
        },
        frame::Body::File {
            url,
            name,
            media_type,
            bytes,
        } => Body::File {
            url: field(url)?,
            name: field(name)?,
            media_type: field(media_type)?,
            bytes,
        },
        frame::Body::Card {
            title,
            text,
            url,
            image_url,
        } => Body::Card {
            title: field(title)?,
            text: long(text)?,
            url: url.map(field).transpose()?,
            image_url: image_url.map(field).transpose()?,
        },
        frame::Body::Choices { text, options } => {
            if options.len() > CHOICES_MAX {
                return Err(Refusal::TooLong);
            }
            Body::Choices {
                text: long(text)?,
                options: options.into_iter().map(field).collect::<Result<_, _>>()?,
            }
        }
    })
}

/// Text of a message.
pub(super) fn long(text: impl Into<Cow<'static, str>>) -> Result<String, Refusal> {
    within(text, TEXT_MAX_BYTES)
}

/// A URL, title, contact.
pub(super) fn field(text: impl Into<Cow<'static, str>>) -> Result<String, Refusal> {
    within(text, FIELD_MAX_BYTES)
}

/// A name of an agent or group, a reason, a code.
pub(super) fn name(text: impl Into<Cow<'static, str>>) -> Result<String, Refusal> {
    within(text, NAME_MAX_BYTES)
}

pub(super) fn within(
    text: impl Into<Cow<'static, str>>,
    max_bytes: usize,
) -> Result<String, Refusal> {
    let text = text.into();
    if text.len() > max_bytes {
        return Err(Refusal::TooLong);
    }
    Ok(text.into_owned())
}
