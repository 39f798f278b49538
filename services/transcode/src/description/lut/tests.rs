use super::*;

#[test]
fn a_value_outside_a_table_takes_its_first_or_last_entry() {
    let table = LookupTable { first: -2, entries: vec![10, 20, 30].into(), bits: 8 };
    assert_eq!([-9.0, -2.0, -1.2, 0.0, 7e18].map(|value| table.get(value)), [10, 10, 20, 30, 30]);
}

#[test]
fn a_table_that_declares_16_bits_and_uses_12_is_a_12_bit_table() {
    let table = |bits, largest| LookupTable { first: 0, entries: vec![0, largest].into(), bits };
    assert_eq!(table(16, 4000).ceiling(), 4095);
    assert_eq!(table(16, 65535).ceiling(), 65535);
    assert_eq!(table(12, 2000).ceiling(), 4095);
    assert_eq!(table(8, 4000).ceiling(), 4095);
    assert_eq!([table(16, 0).ceiling(), table(8, 0).ceiling()], [65535, 255]);
}

#[test]
fn a_first_input_is_signed_where_that_covers_more_of_the_inputs() {
    let first = |inputs| {
        let item = serde_json::json!({
            "00283002": { "vr": "US", "Value": [900, 64536, 12] },
            "00283006": { "vr": "US", "Value": vec![7; 900] },
        });
        LookupTable::from_item(item.as_object().expect("an object"), "", inputs).map(|table| table.first)
    };
    assert_eq!(first(Inputs::stored(16, true)), Ok(-1000));
    assert_eq!(first(Inputs::stored(12, false).rescaled(Some((1.0, -1024.0)))), Ok(-1000));
    assert_eq!(first(Inputs::stored(16, false).rescaled(Some((1.0, -1024.0)))), Ok(-1000));
    assert_eq!(first(Inputs::WORDS), Ok(64536));
    assert_eq!(Inputs::stored(16, false).rescaled(Some((-1.0, 10.0))), Inputs { least: -65_525, greatest: 10 });
}

#[test]
fn segments_are_expanded_and_bounded() {
    // Three discrete values, four steps from 30 to 10, then both again through an indirect segment.
    let words = [0, 3, 10, 20, 30, 1, 4, 10, 2, 2, 0, 0];
    let expected = [10, 20, 30, 25, 20, 15, 10];
    assert_eq!(expand_segments(&words, 7).as_deref(), Some(&expected[..]));
    assert_eq!(expand_segments(&words, 14), Some([expected, expected].concat()));
    assert_eq!(expand_segments(&words, 5).map(|out| out.len()), Some(5));
}

#[test]
fn damaged_segments_are_refused() {
    for words in [&[0, 9, 1][..], &[1, 4, 10], &[2, 1, 99, 0], &[2, 1], &[7, 1, 1], &[2, 1, 0, 0]] {
        assert!(expand_segments(words, 64).is_none(), "{words:?}");
    }
}

fn item(bits: u16, count: u32, data: serde_json::Value) -> Result<LookupTable, Unusable> {
    let item = serde_json::json!({"00283002": { "vr": "US", "Value": [count, 0, bits] }, "00283006": data});
    LookupTable::from_item(item.as_object().expect("an object"), "VOILUTSequence", Inputs::WORDS)
}

fn inline(bytes: &[u8]) -> serde_json::Value {
    use base64::Engine as _;
    serde_json::json!({ "vr": "OW", "InlineBinary": base64::engine::general_purpose::STANDARD.encode(bytes) })
}

/// PS3.3 §C.11.1.1.1: as many entries as the descriptor says, of 16 bits, or of 8 bits packed two in a word.
#[test]
fn a_table_has_all_of_its_entries_or_is_none() {
    let words = serde_json::json!({ "vr": "US", "Value": [1, 2, 3, 400] });
    let entries = |table: Result<LookupTable, Unusable>| table.map(|table| table.entries.to_vec());
    assert_eq!(entries(item(12, 4, words.clone())), Ok(vec![1, 2, 3, 400]));
    assert_eq!(entries(item(12, 4, inline(&[1, 0, 2, 0, 3, 0, 0x90, 1]))), Ok(vec![1, 2, 3, 400]));
    assert_eq!(entries(item(8, 4, inline(&[1, 2, 3, 4]))), Ok(vec![1, 2, 3, 4]));
    assert_eq!(entries(item(8, 3, inline(&[1, 2, 3, 0]))), Ok(vec![1, 2, 3]));
    assert_eq!(entries(item(8, 4, serde_json::json!({ "vr": "US", "Value": [0x0201, 0x0403] }))), Ok(vec![1, 2, 3, 4]));
    let short = [
        item(12, 5, words.clone()),
        item(12, 8, words),
        item(12, 4, inline(&[1, 0, 2, 0])),
        item(12, 4, inline(&[1, 0, 2, 0, 3, 0])),
        item(8, 4, inline(&[1, 2])),
        item(8, 4, inline(&[1, 2, 3])),
        item(8, 4, serde_json::json!({ "vr": "OW", "BulkDataURI": "/elsewhere" })),
    ];
    for table in short {
        assert_eq!(table, Err(Unusable { attribute: "VOILUTSequence", rule: NOT_WHOLE }));
    }
}

fn palette(descriptors: [[u32; 3]; 3], tables: [&[u8]; 3]) -> Option<Result<Palette, Unusable>> {
    let mut data_set = serde_json::Map::new();
    for (channel, (tag, plain, _)) in CHANNELS.into_iter().enumerate() {
        data_set.insert(tag.into(), serde_json::json!({ "vr": "US", "Value": descriptors[channel] }));
        data_set.insert(plain.into(), inline(tables[channel]));
    }
    Palette::from_json(&data_set, Inputs::WORDS)
}

/// PS3.3 §C.7.6.3.1.5: number, first input and bits "shall be identical" for red, green and blue.
#[test]
fn a_palette_whose_tables_are_for_other_inputs_is_none() {
    let table: &[u8] = &[0, 0x10, 0, 0x20];
    let same = palette([[2, 7, 16]; 3], [table; 3]).expect("described").expect("whole");
    assert_eq!((same.first, same.entries.to_vec()), (7, vec![[0x10; 3], [0x20; 3]]));
    for other in [[1, 7, 16], [2, 8, 16], [2, 7, 8]] {
        for at in 0..3 {
            let mut descriptors = [[2, 7, 16]; 3];
            descriptors[at] = other;
            assert!(matches!(palette(descriptors, [table; 3]), Some(Err(_))), "{other:?} at {at}");
        }
    }
    assert!(matches!(palette([[5, 7, 16]; 3], [table; 3]), Some(Err(Unusable { rule: NOT_WHOLE, .. }))));
    assert!(Palette::from_json(&serde_json::Map::new(), Inputs::WORDS).is_none());
}

/// PS3.3 §C.7.6.3.1.6 has levels scaled to the bits of an entry; writers that do not are told by values that no scaled table has.
#[test]
fn levels_of_8_bits_in_entries_of_16_are_not_black() {
    let entries =
        |bits, tables| palette([[2, 0, bits]; 3], tables).expect("described").expect("whole").entries.to_vec();
    let low: [&[u8]; 3] = [&[200, 0, 1, 0], &[0, 0, 0, 0], &[255, 0, 9, 0]];
    assert_eq!(entries(16, low), [[200, 0, 255], [1, 0, 9]]);
    assert_eq!(entries(8, low), [[200, 0, 255], [1, 0, 9]]);
    // One table that is dark, beside others that are not.
    let wide: [&[u8]; 3] = [&[200, 0, 1, 0], &[0, 0xFF, 0, 0], &[0xFF, 0xFF, 9, 0]];
    assert_eq!(entries(16, wide), [[0, 0xFF, 0xFF], [0, 0, 0]]);
    // Bytes are levels, whatever the descriptor says.
    assert_eq!(entries(16, [&[200, 1], &[0, 0], &[255, 9]]), [[200, 0, 255], [1, 0, 9]]);
}
