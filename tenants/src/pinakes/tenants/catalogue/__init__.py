"""The catalogue of one branch: its records, how they come in, and what could not be read."""

from pinakes.platform.feature import Feature
from pinakes.tenants.catalogue.belongings import BELONGINGS
from pinakes.tenants.catalogue.bringing_pages import BringingPages
from pinakes.tenants.catalogue.duplicates import DUPLICATES, run_search
from pinakes.tenants.catalogue.ending_pages import EndingPages
from pinakes.tenants.catalogue.expiring import forget_files
from pinakes.tenants.catalogue.export_routes import Exports, Takeins, Takeouts
from pinakes.tenants.catalogue.exporting import EXPORT, run_export
from pinakes.tenants.catalogue.graphql import CatalogueQueries
from pinakes.tenants.catalogue.jobs import run_import
from pinakes.tenants.catalogue.mending_routes import Mendings
from pinakes.tenants.catalogue.mistake_pages import MistakePages
from pinakes.tenants.catalogue.mistake_routes import Mistakes
from pinakes.tenants.catalogue.pages import CataloguingPages
from pinakes.tenants.catalogue.record_pages import RecordPages
from pinakes.tenants.catalogue.rederiving import REDERIVE, run_rederiving
from pinakes.tenants.catalogue.report_routes import Reports
from pinakes.tenants.catalogue.routes import Catalogue
from pinakes.tenants.catalogue.service import IMPORT, SHEET, UNDO
from pinakes.tenants.catalogue.sheets import run_sheet
from pinakes.tenants.catalogue.undoing import run_undo
from pinakes.tenants.catalogue.upkeep_routes import Duplicates, Upkeep

feature = Feature(
    name="catalogue",
    routes=[Catalogue, Reports, Exports, Takeouts, Takeins, Mendings, Duplicates, Upkeep, Mistakes],
    pages=[CataloguingPages, BringingPages, EndingPages, MistakePages, RecordPages],
    templates=__name__,
    queries=[CatalogueQueries],
    functions=__name__,
    jobs=[
        (IMPORT, run_import),
        (SHEET, run_sheet),
        (UNDO, run_undo),
        (EXPORT, run_export),
        (DUPLICATES, run_search),
        (REDERIVE, run_rederiving),
    ],
    chores=[forget_files],
    belongings=BELONGINGS,
)
