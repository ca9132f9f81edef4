### Time zones that can be chosen, by their cities.

zone-honolulu = Honolulu.
zone-anchorage = Anchorage.
zone-los-angeles = Los Angeles.
zone-denver = Denver.
zone-phoenix = Phoenix.
zone-chicago = Chicago.
zone-mexico-city = Mexico City.
zone-new-york = New York.
zone-bogota = Bogota.
zone-halifax = Halifax.
zone-st-johns = Saint John's.
zone-sao-paulo = Sao Paulo.
zone-buenos-aires = Buenos Aires.
zone-azores = the Azores.
zone-lisbon = Lisbon.
zone-london = London.
zone-lagos = Lagos.
zone-berlin = Berlin.
zone-paris = Paris.
zone-madrid = Madrid.
zone-cairo = Cairo.
zone-johannesburg = Johannesburg.
zone-athens = Athens.
zone-helsinki = Helsinki.
zone-istanbul = Istanbul.
zone-nairobi = Nairobi.
zone-riyadh = Riyadh.
zone-moscow = Moscow.
zone-tehran = Tehran.
zone-dubai = Dubai.
zone-karachi = Karachi.
zone-kolkata = Kolkata.
zone-dhaka = Dhaka.
zone-bangkok = Bangkok.
zone-singapore = Singapore.
zone-shanghai = Shanghai.
zone-perth = Perth.
zone-tokyo = Tokyo.
zone-adelaide = Adelaide.
zone-sydney = Sydney.
zone-auckland = Auckland.
# A zone that is not in our list; $city is the last part of its name.
zone-other = { $city }.
# Follows the city: what time it is there.
zone-time = It is { $time } there.
